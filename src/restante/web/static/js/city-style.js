// The look of the city: a MapLibre style made from our tokens. It names no glyphs and no sprites, so
// the map draws its labels itself and asks nobody for anything.

export const cityColors = [
  "map-ground", "map-block", "map-building", "map-park", "map-water", "map-street", "map-street-casing",
  "map-road", "map-road-casing", "map-rail", "map-label", "map-halo", "accent", "surface-raised", "ink",
  "good-solid", "warn-solid", "bad-solid", "quiet-solid", "info-ink",
];

const FONT = ["Inter Variable", "sans-serif"];
const isKind = (...kinds) => ["in", ["get", "kind"], ["literal", kinds]];
const byZoom = (...stops) => ["interpolate", ["exponential", 1.6], ["zoom"], ...stops];
const rounded = { "line-cap": "round", "line-join": "round" };

/** Make the layers, from the ground up. */
export function cityLayers(colors) {
  const streetWidth = byZoom(11, 0.6, 14, 3.2, 17, 16);
  const streetCasing = byZoom(11, 0.8, 14, 4.4, 17, 18.5);
  const roadWidth = byZoom(10, 1.6, 14, 6.5, 17, 26);
  const roadCasing = byZoom(10, 2.6, 14, 8.2, 17, 29);
  const label = { "text-color": colors["map-label"], "text-halo-color": colors["map-halo"], "text-halo-width": 1.4 };
  return [
    { id: "ground", type: "background", paint: { "background-color": colors["map-ground"] } },
    fill("blocks", ["block"], colors["map-block"]),
    fill("parks", ["park"], colors["map-park"]),
    fill("water", ["water"], colors["map-water"]),
    line("rivers", ["river"], colors["map-water"], byZoom(10, 4, 14, 18, 17, 90)),
    { ...fill("buildings", ["building"], colors["map-building"]), minzoom: 13 },
    line("rails", ["rail"], colors["map-rail"], byZoom(11, 0.8, 15, 2), [4, 3]),
    line("street-casings", ["street"], colors["map-street-casing"], streetCasing),
    line("road-casings", ["road"], colors["map-road-casing"], roadCasing),
    line("streets", ["street"], colors["map-street"], streetWidth),
    line("roads", ["road"], colors["map-road"], roadWidth),
    {
      id: "street-names", type: "symbol", source: "city", minzoom: 14, filter: isKind("street", "road", "river"),
      layout: { "symbol-placement": "line", "text-field": ["coalesce", ["get", "name"], ""], "text-font": FONT, "text-size": byZoom(14, 10.5, 17, 14), "symbol-spacing": 320 },
      paint: label,
    },
    {
      id: "area-names", type: "symbol", source: "city", minzoom: 12.5, filter: isKind("park", "water"),
      layout: { "text-field": ["coalesce", ["get", "name"], ""], "text-font": FONT, "text-size": 11.5, "text-max-width": 7 },
      paint: label,
    },
    {
      id: "place-names", type: "symbol", source: "city", filter: isKind("place"),
      layout: { "text-field": ["coalesce", ["get", "name"], ""], "text-font": FONT, "text-size": byZoom(10, 12, 14, 16), "text-letter-spacing": 0.04 },
      paint: label,
    },
    {
      id: "movers", type: "circle", source: "movers",
      paint: { "circle-radius": 6, "circle-color": colors["info-ink"], "circle-stroke-width": 2.5, "circle-stroke-color": colors["surface-raised"] },
    },
    ...siteLayers(colors),
  ];
}

function fill(id, kinds, color) {
  return { id, type: "fill", source: "city", filter: isKind(...kinds), paint: { "fill-color": color } };
}

function line(id, kinds, color, width, dash) {
  const paint = { "line-color": color, "line-width": width, ...(dash ? { "line-dasharray": dash } : {}) };
  return { id, type: "line", source: "city", filter: isKind(...kinds), layout: dash ? {} : rounded, paint };
}

/** Dots and clusters, used only where there are too many sites for pins. */
function siteLayers(colors) {
  const level = ["match", ["get", "level"], "good", colors["good-solid"], "low", colors["warn-solid"], "full", colors["bad-solid"], colors["quiet-solid"]];
  return [
    {
      id: "site-clusters", type: "circle", source: "sites", filter: ["has", "point_count"], layout: { visibility: "none" },
      paint: { "circle-color": colors.accent, "circle-radius": ["step", ["get", "point_count"], 14, 50, 19, 500, 26], "circle-stroke-width": 2, "circle-stroke-color": colors["surface-raised"] },
    },
    {
      id: "site-cluster-counts", type: "symbol", source: "sites", filter: ["has", "point_count"],
      layout: { visibility: "none", "text-field": ["get", "point_count_abbreviated"], "text-font": FONT, "text-size": 12.5, "text-allow-overlap": true },
      paint: { "text-color": colors["surface-raised"] },
    },
    {
      id: "site-dots", type: "circle", source: "sites", filter: ["!", ["has", "point_count"]], layout: { visibility: "none" },
      paint: { "circle-color": level, "circle-radius": 5.5, "circle-stroke-width": 1.5, "circle-stroke-color": colors["surface-raised"] },
    },
  ];
}

const KIND_OF_LAYER = { ground: "block", park: "park", water: "water", building: "building", district: "place" };

/** Join a city given as one collection per layer (ground, park, water, road, building, district; the
    roads with a class) into one collection with kinds. A single collection is taken as it is. */
export function joinLayers(city) {
  if (city.type === "FeatureCollection") return city;
  const features = [];
  for (const [layer, collection] of Object.entries(city)) {
    if (layer === "site") continue;
    for (const feature of collection.features) {
      const kind = layer === "road" ? (feature.properties.class === "residential" ? "street" : "road") : KIND_OF_LAYER[layer];
      if (kind) features.push({ ...feature, properties: { ...feature.properties, kind } });
    }
  }
  return { type: "FeatureCollection", features };
}
