// <series-chart>: numbers over time, drawn by uPlot, with the same numbers as a table.
//
//   <series-chart src="/insight/deposits.json" height="220"></series-chart>
//
// Data: {"label": "Deposits", "unit": "parcels", "times": [Unix seconds, …], "time_zone": "Europe/Warsaw",
//        "series": [{"label": "Deposited", "values": [3, null, …], "tone": "accent", "kind": "line"}]}
// tone: accent, info, warn, bad, good, odd, quiet. kind: line, area, bars. A null is a gap.

import { html, nothing } from "./lit.js";
import { DataElement, loadSheet, onScheme, readColors } from "./element.js";
import { say } from "./words.js";
import { vendored } from "./vendor.js";

const DASHES = [undefined, [8, 4], [2, 3], [10, 3, 2, 3]];

class SeriesChart extends DataElement {
  static properties = { ...DataElement.properties, height: { type: Number } };

  connectedCallback() {
    super.connectedCallback();
    this.stopScheme = onScheme(() => this.draw());
    this.sizer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (this.plot && width) this.plot.setSize({ width, height: this.height || 220 });
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stopScheme();
    this.sizer.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  updated(changed) {
    super.updated(changed);
    if (changed.has("model") && this.model) this.draw();
  }

  async draw() {
    if (!this.model?.times?.length) {
      if (this.model) this.dataset.ready = "";
      return;
    }
    const [{ default: UPlot }] = await Promise.all([import(vendored["uplot/uplot.js"]), loadSheet("uplot.css")]);
    const holder = this.querySelector(".chart-canvas");
    if (!holder || !this.isConnected) return;
    const { times, series, time_zone: zone } = this.model;
    const colors = readColors(this, ["ink-soft", "line", "accent", "good-solid", "info-solid", "warn-solid", "bad-solid", "odd-solid", "quiet-solid"]);
    const colorOf = (tone) => colors[tone === "accent" || !tone ? "accent" : `${tone}-solid`] ?? colors.accent;
    const axis = { stroke: colors["ink-soft"], grid: { stroke: colors.line, width: 1 }, ticks: { show: false }, font: "12px Inter Variable, sans-serif" };
    const options = {
      width: holder.clientWidth || 300,
      height: this.height || 220,
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
      ...(zone ? { tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), zone) } : {}),
      axes: [{ ...axis, grid: { show: false }, space: 64, values: (_, at, index, space, step) => at.map((seconds) => this.showTick(seconds, step)) }, { ...axis, size: 44, border: { show: false } }],
      series: [
        { label: say("chart.time"), value: (_, seconds) => (seconds == null ? "–" : this.showTime(seconds)) },
        ...series.map((one, index) => ({
          label: one.label,
          stroke: colorOf(one.tone),
          width: 2,
          dash: DASHES[index % DASHES.length],
          points: { show: false },
          ...(one.kind === "area" ? { fill: colorOf(one.tone).replace("rgb(", "rgba(").replace(")", ", 0.14)") } : {}),
          ...(one.kind === "bars" ? { paths: UPlot.paths.bars({ size: [0.7, 40] }), fill: colorOf(one.tone), width: 0 } : {}),
        })),
      ],
    };
    this.plot?.destroy();
    this.plot = new UPlot(options, [times, ...series.map((one) => one.values)], holder);
    this.plot.ctx.canvas.setAttribute("role", "img");
    this.plot.ctx.canvas.setAttribute("aria-label", this.model.label ?? "");
    this.sizer.observe(holder);
    this.dataset.ready = "";
  }

  /** Days where a step is a day or more, hours below. */
  showTick(seconds, step) {
    const isMidnight = new Intl.DateTimeFormat("en", { hour: "numeric", hourCycle: "h23", timeZone: this.model.time_zone }).format(seconds * 1000) === "00";
    const form = step >= 86_400 || isMidnight ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return new Intl.DateTimeFormat(document.documentElement.lang, { ...form, timeZone: this.model.time_zone }).format(seconds * 1000);
  }

  showTime(seconds) {
    const form = { dateStyle: "short", timeStyle: "short", timeZone: this.model.time_zone };
    return new Intl.DateTimeFormat(document.documentElement.lang, form).format(seconds * 1000);
  }

  render() {
    if (this.failure) return this.renderFailure();
    if (!this.model) return nothing;
    const { times, series, label, unit } = this.model;
    if (!times.length) return html`<p class="soft">${say("chart.empty")}</p>`;
    const step = Math.max(1, Math.ceil(times.length / 200));
    return html`<div class="chart-canvas"></div>
      <details><summary>${say("chart.table")}</summary>
        <div class="chart-table" tabindex="0" role="region" aria-label=${label ?? say("chart.table")}><table class="table">
          <thead><tr><th scope="col">${say("chart.time")}</th>${series.map((one) => html`<th scope="col" class="number">${one.label}${unit ? ` (${unit})` : ""}</th>`)}</tr></thead>
          <tbody>${times.map((time, at) => (at % step ? nothing : html`<tr><td>${this.showTime(time)}</td>${series.map((one) => html`<td class="number">${one.values[at] ?? "–"}</td>`)}</tr>`))}</tbody>
        </table></div>
      </details>`;
  }
}

customElements.define("series-chart", SeriesChart);
