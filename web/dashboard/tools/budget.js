// What a browser loads before the first page is there, compressed as the server sends it: what index.html names, what that
// imports, and the chunk of the page that opens first. Exits with 1 where it is more than the budget.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 350 * 1024; // bytes of JavaScript
const folder = new URL("../dist/", import.meta.url);
const read = (name) => readFileSync(new URL(name, folder));

const index = read("index.html").toString();
const first = [...index.matchAll(/(?:src|href)="\/dashboard\/stevie-training\/([^"]+\.js)"/g)].map((found) => found[1]);
first.push(...readdirSync(new URL("assets/", folder)).filter((name) => /^LivePage-.*\.js$/.test(name)).map((name) => `assets/${name}`));

const sizes = new Map();
function load(name) {
  if (sizes.has(name)) return;
  const bytes = read(name);
  sizes.set(name, gzipSync(bytes, { level: 9 }).length);
  for (const found of bytes.toString().matchAll(/(?:\bimport|\bfrom)\s*["']\.\/([^"']+\.js)["']/g)) load(`assets/${found[1]}`);
}
first.forEach(load);

let all = 0;
for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1])) {
  all += size;
  console.log(`${(size / 1024).toFixed(1).padStart(7)} KB  ${name}`);
}
console.log(`${(all / 1024).toFixed(1).padStart(7)} KB  of JavaScript at first load; the budget is ${BUDGET / 1024} KB`);
if (all > BUDGET) {
  console.error("That is too much: import what only one page needs in that page.");
  process.exit(1);
}
