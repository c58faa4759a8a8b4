// Written by tools/vendor.py; do not edit.
export * from "/static/vendor/lit-3.3.3/lit.js";
