// Written by tools/vendor.py; do not edit.
// Addresses of vendored files, so that a version is named in one place.
export const vendored = {
  "@fontsource-variable/inter/inter-latin-ext.woff2": "/static/vendor/fontsource-variable-inter-5.3.0/inter-latin-ext.woff2",
  "@fontsource-variable/inter/inter-latin.woff2": "/static/vendor/fontsource-variable-inter-5.3.0/inter-latin.woff2",
  "barcode-detector/ponyfill.js": "/static/vendor/barcode-detector-3.2.2/ponyfill.js",
  "htmx.org/htmx.js": "/static/vendor/htmx.org-4.0.1/htmx.js",
  "htmx.org/hx-sse.js": "/static/vendor/htmx.org-4.0.1/hx-sse.js",
  "lit/lit.js": "/static/vendor/lit-3.3.3/lit.js",
  "lucide-static/icons.svg": "/static/vendor/lucide-static-1.62.0/icons.svg",
  "maplibre-gl/maplibre-gl-worker.mjs": "/static/vendor/maplibre-gl-6.17.0/maplibre-gl-worker.mjs",
  "maplibre-gl/maplibre-gl.css": "/static/vendor/maplibre-gl-6.17.0/maplibre-gl.css",
  "maplibre-gl/maplibre-gl.mjs": "/static/vendor/maplibre-gl-6.17.0/maplibre-gl.mjs",
  "uplot/uplot.css": "/static/vendor/uplot-1.6.32/uplot.css",
  "uplot/uplot.js": "/static/vendor/uplot-1.6.32/uplot.js",
  "zxing-wasm/zxing_reader.wasm": "/static/vendor/zxing-wasm-3.1.3/zxing_reader.wasm"
};
