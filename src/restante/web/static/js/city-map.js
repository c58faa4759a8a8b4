// <city-map>: the city and its sites. The list beside it is the equal for whoever cannot use it.
//
//   <city-map city="/city.geojson" src="/sites.geojson" live="site" movers="courier" selected="s_1"
//             attribution="© …" cooperative></city-map>
//
// city: FeatureCollection; properties.kind is block, building, park, water, river, street, road,
//   rail, or place (a point), properties.name labels roads, water, parks and places. An object with one
//   collection per layer, {"ground": …, "road": …}, is taken too (joinLayers in city-style.js).
// src, or a child JSON block: FeatureCollection of points, properties {"id", "name", "kind": locker |
//   counter | parcel_room, "free", "total", "state": open | closed | down}.
// live="NAME": events `live:NAME` carry one site or a list of {"id", "free", "total", "state"}.
// movers="NAME": events `live:NAME` carry one or a list of {"id", "lng", "lat", "name"}; a null lng
//   takes the mover away.
// Emits `site-selected` {id, name}. `data-ready` is set whenever the map has nothing left to draw.
// cooperative: one finger scrolls the page, two move the map.

import { html, nothing, render, svg } from "./lit.js";
import { DataElement, fetchJson, loadSheet, onScheme, readColors } from "./element.js";
import { cityLayers, cityColors, joinLayers } from "./city-style.js";
import { say } from "./words.js";
import { vendored } from "./vendor.js";

/** Above this many sites in view, dots and clusters on the canvas replace pins. */
const PINS_MAX = 120;
/** With less room than this for each, px², pins show a mark instead of the number. */
const NUMBERED_AREA_MIN = 8000;
/** Shortest time between two drawings of news, ms: four a second are more than an eye needs. */
const NEWS_EVERY_MS = 250;

const SHAPES = {
  locker: {
    body: svg`<rect class="pin-shape" x="2" y="2" width="16" height="16" rx="3"></rect>`,
    cut: svg`<path class="pin-cut" d="M10 4.500v11M12.800 9v2"></path>`,
  },
  counter: {
    body: svg`<circle class="pin-shape" cx="10" cy="10" r="8.500"></circle>`,
    cut: svg`<path class="pin-cut" d="M6 11.500h8M8 8h4"></path>`,
  },
  parcel_room: {
    body: svg`<path class="pin-shape" d="M10 1.500 18.500 9v9.500h-17V9z"></path>`,
    cut: svg`<path class="pin-cut" d="M7.500 13h5"></path>`,
  },
};

/** What a small pin shows instead of its number, so that color never speaks alone. */
const MARKS = {
  good: nothing,
  low: svg`<path class="pin-cut" d="M6 10h8"></path>`,
  full: svg`<path class="pin-cut" d="m6.500 6.500 7 7M13.500 6.500l-7 7"></path>`,
  down: svg`<path class="pin-cut" d="M10 5.500v5.500M10 14v.500"></path>`,
  closed: svg`<path class="pin-cut" d="M8 6v8M12 6v8"></path>`,
};

/** Say in one word how a site stands. */
export function levelOf({ state, free, total }) {
  if (state === "down" || state === "closed") return state;
  if (free === 0) return "full";
  return total && free / total <= 0.15 ? "low" : "good";
}

class CityMap extends DataElement {
  static properties = {
    ...DataElement.properties,
    city: {},
    live: {},
    movers: {},
    attribution: {},
    selected: { reflect: true },
    cooperative: { type: Boolean },
  };

  constructor() {
    super();
    this.sites = new Map();
    this.pins = new Map();
    this.moving = new Map();
    this.news = new Map();
    this.onLive = ({ detail }) => this.hear([detail.data].flat());
    this.onMovers = ({ detail }) => this.shift([detail.data].flat());
  }

  connectedCallback() {
    super.connectedCallback();
    this.stopScheme = onScheme(() => this.recolor());
    if (this.live) document.addEventListener(`live:${this.live}`, this.onLive);
    if (this.movers) document.addEventListener(`live:${this.movers}`, this.onMovers);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stopScheme();
    if (this.live) document.removeEventListener(`live:${this.live}`, this.onLive);
    if (this.movers) document.removeEventListener(`live:${this.movers}`, this.onMovers);
    clearTimeout(this.newsTimer);
    this.map?.remove();
    this.map = null;
    this.pins.clear();
  }

  accept(model) {
    super.accept(model);
    for (const feature of model.features) {
      this.sites.set(feature.properties.id, { ...feature.properties, at: feature.geometry.coordinates });
    }
    this.updateComplete.then(() => this.start());
  }

  updated(changed) {
    super.updated(changed);
    if (changed.has("selected")) this.showSelected(changed.get("selected"));
  }

  render() {
    if (this.failure) return this.renderFailure();
    return this.broken ? html`<div class="element-failed">${say("map.failed")}</div>` : html`<div class="map-canvas"></div>`;
  }

  /** Make the map once; data that comes later only changes it. */
  async start() {
    if (this.map || this.starting) {
      this.replaceSites();
      return;
    }
    this.starting = true;
    const [library, city] = await Promise.all([
      import(vendored["maplibre-gl/maplibre-gl.mjs"]),
      this.city ? fetchJson(this.city).catch(() => null) : null,
      loadSheet("maplibre-gl.css"),
    ]);
    this.starting = false;
    if (!this.isConnected) return;
    this.library = library;
    this.cityData = joinLayers(city ?? {});
    try {
      this.makeMap();
    } catch (problem) {
      this.broken = true;
      this.dataset.failed = "";
      this.requestUpdate();
      console.warn(problem);
    }
  }

  makeMap() {
    const { Map: LibraryMap, NavigationControl, AttributionControl, LngLatBounds } = this.library;
    const bounds = new LngLatBounds();
    for (const site of this.sites.values()) bounds.extend(site.at);
    this.map = new LibraryMap({
      container: this.querySelector(".map-canvas"),
      style: this.makeStyle(),
      ...(bounds.isEmpty() ? {} : { bounds, fitBoundsOptions: { padding: 48, maxZoom: 15 } }),
      attributionControl: false,
      cooperativeGestures: Boolean(this.cooperative),
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    if (this.attribution) this.map.addControl(new AttributionControl({ customAttribution: this.attribution, compact: false }));
    const canvas = this.map.getCanvas();
    canvas.setAttribute("aria-label", say("map.label"));
    canvas.setAttribute("role", "application");
    this.map.on("moveend", () => this.drawPins());
    this.map.on("load", () => { this.replaceSites(); this.showSelected(); });
    this.map.on("idle", () => { this.dataset.ready = ""; });
    this.map.on("click", "site-dots", ({ features }) => this.choose(features[0].properties.id));
    this.map.on("click", "site-clusters", ({ lngLat }) => this.map.easeTo({ center: lngLat, zoom: this.map.getZoom() + 2 }));
  }

  makeStyle() {
    const colors = readColors(this, cityColors);
    return {
      version: 8,
      sources: {
        city: { type: "geojson", data: this.cityData },
        sites: { type: "geojson", data: this.siteFeatures(), promoteId: "id", cluster: true, clusterRadius: 46, clusterMaxZoom: 14 },
        movers: { type: "geojson", data: { type: "FeatureCollection", features: this.moverFeatures() }, promoteId: "id" },
      },
      layers: cityLayers(colors),
    };
  }

  recolor() {
    if (!this.map) return;
    delete this.dataset.ready;
    this.map.setStyle(this.makeStyle(), { diff: true });
    this.map.once("styledata", () => this.drawPins());
  }

  siteFeatures() {
    const features = [...this.sites.values()].map(({ at, ...properties }) => ({
      type: "Feature",
      id: properties.id,
      geometry: { type: "Point", coordinates: at },
      properties: { ...properties, level: levelOf(properties) },
    }));
    return { type: "FeatureCollection", features };
  }

  replaceSites() {
    if (!this.map?.getSource("sites")) return;
    this.map.getSource("sites").setData(this.siteFeatures());
    this.drawPins();
  }

  /** Pins for what is in view; beyond PINS_MAX the canvas shows dots and clusters instead. */
  drawPins() {
    if (!this.map?.isStyleLoaded() && !this.map?.loaded()) {
      this.map?.once("idle", () => this.drawPins());
      return;
    }
    const bounds = this.map.getBounds();
    const inView = [...this.sites.values()].filter((site) => bounds.contains(site.at));
    const asPins = inView.length <= PINS_MAX;
    for (const layer of ["site-dots", "site-clusters", "site-cluster-counts"]) {
      this.map.setLayoutProperty(layer, "visibility", asPins ? "none" : "visible");
    }
    const wanted = new Set(asPins ? inView.map((site) => site.id) : []);
    for (const [id, pin] of this.pins) {
      if (!wanted.has(id)) {
        pin.marker.remove();
        this.pins.delete(id);
      }
    }
    const isSmall = inView.length > (this.clientWidth * this.clientHeight) / NUMBERED_AREA_MIN;
    for (const site of inView) if (wanted.has(site.id)) this.drawPin(site, isSmall);
  }

  drawPin(site, isSmall) {
    let pin = this.pins.get(site.id);
    if (!pin) {
      const button = document.createElement("button");
      button.type = "button";
      button.addEventListener("click", (event) => { event.stopPropagation(); this.choose(site.id); });
      const marker = new this.library.Marker({ element: button, subpixelPositioning: true }).setLngLat(site.at).addTo(this.map);
      pin = { button, marker };
      this.pins.set(site.id, pin);
    }
    const { button } = pin;
    const level = levelOf(site);
    const label = level === "down" ? say("map.offline", site) : say("map.free", site);
    button.classList.add("pin");
    button.classList.toggle("pin-small", isSmall);
    button.dataset.level = level;
    button.setAttribute("aria-label", label);
    button.setAttribute("title", label);
    button.setAttribute("aria-pressed", String(site.id === this.selected));
    const shape = SHAPES[site.kind] ?? SHAPES.locker;
    const text = level === "down" ? "!" : level === "closed" ? "–" : String(site.free ?? "");
    render(html`<svg viewBox="0 0 20 20" aria-hidden="true">${shape.body}${isSmall ? MARKS[level] : shape.cut}</svg><span>${text}</span>`, button);
  }

  choose(id) {
    this.selected = id;
    this.announce("site-selected", { id, name: this.sites.get(id)?.name });
  }

  showSelected(before) {
    for (const id of [before, this.selected]) {
      this.pins.get(id)?.button.setAttribute("aria-pressed", String(id === this.selected));
    }
    const site = this.sites.get(this.selected);
    if (site && this.map && !this.map.getBounds().contains(site.at)) this.map.easeTo({ center: site.at });
  }

  /** Take news about sites; they are drawn together, at most four times a second. */
  hear(news) {
    for (const one of news) this.news.set(one.id, { ...this.news.get(one.id), ...one });
    this.newsTimer ??= setTimeout(() => this.drawNews(), NEWS_EVERY_MS);
  }

  drawNews() {
    this.newsTimer = undefined;
    const update = [];
    for (const [id, one] of this.news) {
      const site = this.sites.get(id);
      if (!site) continue;
      Object.assign(site, one);
      const pin = this.pins.get(id);
      if (pin) this.drawPin(site, pin.button.classList.contains("pin-small"));
      const values = { free: site.free, total: site.total, state: site.state, level: levelOf(site) };
      update.push({ id, addOrUpdateProperties: Object.entries(values).filter(([, value]) => value !== undefined).map(([key, value]) => ({ key, value })) });
    }
    this.news.clear();
    if (update.length) this.map?.getSource("sites")?.updateData({ update });
  }

  /** Take new places of what moves, such as couriers. */
  shift(news) {
    for (const one of news) {
      if (one.lng === null) this.moving.delete(one.id);
      else this.moving.set(one.id, { ...this.moving.get(one.id), ...one });
    }
    this.moveTimer ??= setTimeout(() => {
      this.moveTimer = undefined;
      this.map?.getSource("movers")?.setData({ type: "FeatureCollection", features: this.moverFeatures() });
    }, NEWS_EVERY_MS);
  }

  moverFeatures() {
    return [...this.moving.values()].map(({ id, lng, lat, name }) => ({
      type: "Feature",
      id,
      geometry: { type: "Point", coordinates: [lng, lat] },
      properties: { id, name: name ?? "" },
    }));
  }
}

customElements.define("city-map", CityMap);
