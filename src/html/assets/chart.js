// Charts, drawn by ECharts from the JSON in the page, in the colours of the style. The tip is our own, filled with text.
import { isDimmed, isShown } from "./series.js";

let chart, data, at = -1;

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const color = ({ color }) => css(color ? `--c${color}` : "--c-other");
const font = () => getComputedStyle(document.body).fontFamily;
const library = () => import("./echarts.js").then(() => globalThis.echarts);
const kind = () => document.querySelector("input[name=chart][data-draw]:checked")?.value ?? data.kind;
const shown = () => data.series.map((line, place) => ({ ...line, place })).filter(({ place }) => isShown(place));
const faint = ({ place }) => (isDimmed(place) ? 0.2 : 1);

/** Draws the chart of the page, if it has one. */
export async function draw() {
  const box = document.getElementById("chart"), source = document.getElementById("chart-data");
  chart?.dispose();
  chart = undefined;
  if (!box || !source) return;
  if (box.source !== source) data = JSON.parse(source.textContent);
  box.source = source;
  const echarts = await library();
  if (!box.isConnected || chart) return;
  box.replaceChildren(Object.assign(document.createElement("div"), { className: "canvas" }));
  chart = echarts.init(box.firstChild, null, { renderer: "svg" });
  chart.setOption(option());
  listen(box);
}

/** Draws the same data again, as other series are shown or pointed at. */
export const redraw = () => void chart?.setOption(option(), true);

/** Saves the chart as a picture. */
export async function picture(title) {
  const echarts = await library();
  const canvas = echarts.init(document.createElement("div"), null, { renderer: "canvas", devicePixelRatio: 2, width: 1200, height: 600 });
  const text = { text: title, subtext: data.title, left: 16, top: 12, textStyle: { color: css("--text"), fontFamily: font() }, subtextStyle: { color: css("--text-3") } };
  const own = option();
  canvas.setOption({ ...own, backgroundColor: css("--surface"), title: text, grid: own.grid && { ...own.grid, top: 84, left: 24, right: 24, bottom: 16 } });
  const link = Object.assign(document.createElement("a"), { href: canvas.getDataURL({ type: "png" }), download: "chart.png" });
  link.click();
  canvas.dispose();
}

const short = (value) => (Math.abs(value) >= 10_000 ? `${(value / 1000).toLocaleString("en")}k` : value.toLocaleString("en")).replace("-", "−") + (data.unit ?? "");

function option() {
  const label = { color: css("--text-3"), fontFamily: font(), fontSize: 12 };
  const base = { animation: false, textStyle: { fontFamily: font() }, grid: { left: 4, right: 24, top: 12, bottom: 4, containLabel: true } };
  if (data.kind === "sankey") return { ...base, grid: undefined, series: [sankey(label)] };
  const values = { type: "value", axisLabel: { ...label, formatter: short }, splitLine: { lineStyle: { color: css("--line") } }, minInterval: data.series.some(({ values }) => values.some((value) => value % 1)) ? 0 : 1 };
  const axis = { type: "category", axisLine: { lineStyle: { color: css("--line-2") } }, axisTick: { show: false }, axisLabel: { ...label, hideOverlap: true } };
  if (kind() === "total") {
    const lines = shown().reverse();
    return {
      ...base, xAxis: values, yAxis: { ...axis, data: lines.map(({ name }) => name), axisLabel: { ...label, width: 160, overflow: "truncate" } },
      series: [{ type: "bar", barMaxWidth: 28, data: lines.map((line) => ({ value: line.total, itemStyle: { color: color(line), opacity: faint(line) } })) }],
    };
  }
  const isBars = kind().includes("bars");
  return {
    ...base, yAxis: values, xAxis: { ...axis, data: data.x, boundaryGap: isBars },
    tooltip: { trigger: "axis", showContent: false, axisPointer: { type: isBars ? "shadow" : "line", lineStyle: { color: css("--control"), type: "solid" }, shadowStyle: { color: css("--surface-2") }, z: 0 } },
    series: shown().flatMap(isBars ? bars : lines),
  };
}

function bars(line) {
  const half = (value, place, all) => (data.partial && place === all.length - 1 ? { value, itemStyle: { opacity: 0.5 * faint(line) } } : value);
  const found = [{
    type: "bar", name: line.name, stack: kind() === "stackedbars" ? "all" : undefined, barMaxWidth: 40, barGap: "8%", data: line.values.map(half),
    itemStyle: { color: color(line), borderRadius: 2, opacity: faint(line) }, emphasis: { disabled: true },
  }];
  if (line.previous) found.push(before(line));
  return found;
}

/** The range before, dotted. */
const before = (line) => ({
  type: "line", name: line.name, symbol: "none", data: line.previous, z: 1, emphasis: { disabled: true },
  lineStyle: { width: 1.5, color: color(line), type: "dotted", opacity: 0.75 * faint(line) },
});

function lines(line, _, all) {
  const isStacked = kind() === "stacked", last = line.values.length - 1, own = color(line);
  const style = { width: 2, color: own, type: line.dashed ? "dashed" : "solid", opacity: faint(line) };
  const base = { type: "line", name: line.name, showSymbol: line.values.length === 1, symbol: "circle", symbolSize: 8, itemStyle: { color: own, opacity: faint(line), borderColor: css("--surface"), borderWidth: 2 }, emphasis: { scale: false, lineStyle: { width: 2 } } };
  const area = isStacked ? { opacity: 0.35 * faint(line), color: own } : all.length === 1 ? { opacity: 0.1, color: own } : undefined;
  if (isStacked) return [{ ...base, stack: "all", lineStyle: style, areaStyle: area, data: line.values }];
  const isCut = data.partial && last > 0;
  const found = [{ ...base, lineStyle: style, areaStyle: area, data: isCut ? line.values.with(last, null) : line.values }];
  // What is not over yet is dashed.
  if (isCut) found.push({ ...base, lineStyle: { ...style, type: "dashed" }, data: line.values.map((value, place) => (place >= last - 1 ? value : null)) });
  if (line.previous) found.push(before(line));
  return found;
}

function sankey(label) {
  const nodes = data.series.map((line, place) => ({ name: String(place), itemStyle: { color: color(line) } }));
  const told = ({ name }) => `${data.series[name].name}  ${data.series[name].told[0]}`;
  return {
    type: "sankey", left: 8, right: 180, top: 8, bottom: 8, nodeWidth: 12, nodeGap: 10, draggable: false, data: nodes, layoutIterations: 0,
    links: data.links.map(({ from, to, count }) => ({ source: String(from), target: String(to), value: count })),
    label: { ...label, color: css("--text"), formatter: told, width: 170, overflow: "truncate" },
    lineStyle: { color: "gradient", opacity: 0.25 }, emphasis: { focus: "adjacency" },
  };
}

// The tip, the keys, and the click that opens who is behind a number.

function listen(box) {
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  box.append(tip);
  at = -1;
  const isRead = () => data.kind !== "sankey" && kind() !== "total";
  const here = ({ offsetX, offsetY }) => {
    const found = chart.containPixel("grid", [offsetX, offsetY]) ? chart.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY])[0] : -1;
    return Math.max(-1, Math.min(data.x.length - 1, Math.round(found)));
  };
  const read = (place) => {
    at = isRead() ? place : -1;
    tell(box, tip);
  };
  chart.getZr().on("mousemove", (event) => read(here(event)));
  chart.getZr().on("globalout", () => read(-1));
  chart.getZr().on("click", (event) => {
    if (isRead() && here(event) >= 0) enter(here(event), nearest(here(event), event.offsetY));
  });
  chart.on("click", ({ dataIndex, dataType, data: { source, target } }) => {
    if (data.kind === "sankey") press(dataType === "edge" ? `[data-link="${source}-${target}"]` : `[data-node="${dataIndex}"]`);
    if (kind() === "total") enter(undefined, shown().reverse()[dataIndex].place);
  });
  box.onkeydown = (event) => {
    const last = data.x.length - 1, to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) read(Math.max(0, Math.min(last, to)));
    else if (event.key === "Escape") read(-1);
    else if (event.key === "Enter" && at >= 0) enter(at, shown()[0]?.place);
    else return;
    event.preventDefault();
  };
  box.onblur = () => read(-1);
}

/** Which series a pointer is closest to. */
function nearest(place, y) {
  let sum = 0;
  const isStacked = kind() === "stacked" || kind() === "stackedbars";
  const far = (line) => {
    sum = isStacked ? sum + (line.values[place] ?? 0) : line.values[place] ?? 0;
    return Math.abs(chart.convertToPixel({ yAxisIndex: 0 }, sum) - y);
  };
  return shown().map((line) => [far(line), line.place]).sort(([a], [b]) => a - b)[0]?.[1];
}

const press = (selector) => document.querySelector(`#answer button${selector}`)?.click();

/** Presses the number in the table. */
function enter(place, series) {
  const rows = document.querySelectorAll(`tr[data-row="${series}"]`);
  const cells = rows[0]?.cells;
  const cell = rows.length > 1 ? rows[place] : place === undefined ? rows[0] : cells?.[cells.length - data.x.length + place];
  cell?.querySelector("button[name=units]")?.click();
}

function tell(box, tip) {
  tip.hidden = at < 0;
  if (at < 0) return void chart.dispatchAction({ type: "hideTip" });
  chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
  const make = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className });
  const list = document.createElement("dl");
  for (const line of shown().sort((a, b) => b.values[at] - a.values[at])) {
    const before = line.previous?.[at], ratio = before ? Math.round((line.values[at] / before - 1) * 100) : undefined;
    const swatch = make("dt", "");
    swatch.append(make("i", "", `sw k${line.color}`));
    list.append(swatch, make("dt", line.name, "trunc"), make("dd", line.told[at]), make("dd", ratio === undefined ? "" : `${ratio < 0 ? "−" : "+"}${Math.abs(ratio)}%`, "pv"));
  }
  const isSoFar = data.partial && at === data.x.length - 1;
  tip.replaceChildren(make("h3", data.full[at] + (isSoFar ? " (so far)" : "")), list, make("p", data.hint));
  const x = chart.convertToPixel({ xAxisIndex: 0 }, at) + box.firstChild.offsetLeft, gap = 14;
  tip.style.left = `${x + gap + tip.offsetWidth > box.clientWidth ? Math.max(0, x - tip.offsetWidth - gap) : x + gap}px`;
  tip.style.top = "16px";
}

addEventListener("resize", () => chart?.resize());
