// Charts, drawn by ECharts from the JSON in the page, in the colours of the style. The tip is our own, filled with text.
// A card has one chart at most: its data, its place, the names of its lines, and perhaps a table of the same.

/** What is drawn, by card. */
const charts = new Map();

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const color = ({ color }) => css(color ? `--c${color}` : "--c-other");
const font = () => getComputedStyle(document.body).fontFamily;
const library = () => import("./echarts.js").then(() => globalThis.echarts);
const kind = ({ card, data }) => card.querySelector("input[name=chart][data-draw]:checked")?.value ?? data.kind;
const shown = ({ data, series }) => data.series.map((line, place) => ({ ...line, place })).filter(({ place }) => series.isShown(place));
const faint = ({ series }, { place }) => (series.isDimmed(place) ? 0.2 : 1);

/** Draws the chart of a card, if it has one, and forgets those of cards that have gone. `series`: which are shown. */
export async function draw(card, series) {
  for (const old of charts.values()) if (!old.card.isConnected) forget(old);
  const box = card?.querySelector(".chart"), source = card?.querySelector(".data script");
  if (!box || !source) return;
  const before = charts.get(card);
  if (before) forget(before);
  const it = { card, box, source, series, data: before?.source === source ? before.data : JSON.parse(source.textContent), at: -1 };
  charts.set(card, it);
  const echarts = await library();
  if (!box.isConnected || charts.get(card) !== it) return;
  box.replaceChildren(Object.assign(document.createElement("div"), { className: "canvas" }));
  it.chart = echarts.init(box.firstChild, null, { renderer: "svg" });
  it.chart.setOption(option(it));
  listen(it);
}

function forget(it) {
  it.chart?.dispose();
  charts.delete(it.card);
}

/** Draws the same data again, as other series are shown or pointed at. */
export function redraw(card) {
  const it = charts.get(card);
  it?.chart?.setOption(option(it), true);
}

/** Saves the chart of a card as a picture. */
export async function picture(card, title) {
  const it = charts.get(card);
  if (!it) return;
  const echarts = await library();
  const canvas = echarts.init(document.createElement("div"), null, { renderer: "canvas", devicePixelRatio: 2, width: 1200, height: 600 });
  const text = { text: title, subtext: it.data.title, left: 16, top: 12, textStyle: { color: css("--text"), fontFamily: font() }, subtextStyle: { color: css("--text-3") } };
  const own = option(it);
  canvas.setOption({ ...own, backgroundColor: css("--surface"), title: text, grid: own.grid && { ...own.grid, top: 84, left: 24, right: 24, bottom: 16 } });
  const link = Object.assign(document.createElement("a"), { href: canvas.getDataURL({ type: "png" }), download: "chart.png" });
  link.click();
  canvas.dispose();
}

const short = (unit = "") => (value) => (Math.abs(value) >= 10_000 ? `${(value / 1000).toLocaleString("en")}k` : value.toLocaleString("en")).replace("-", "−") + unit;

function option(it) {
  const { data } = it;
  const label = { color: css("--text-3"), fontFamily: font(), fontSize: 12 };
  const base = { animation: false, textStyle: { fontFamily: font() }, grid: { left: 4, right: 24, top: 12, bottom: 4, containLabel: true } };
  if (data.kind === "sankey") return { ...base, grid: undefined, series: [sankey(it, label)] };
  const values = { type: "value", axisLabel: { ...label, formatter: short(data.unit) }, splitLine: { lineStyle: { color: css("--line") } }, minInterval: data.series.some(({ values }) => values.some((value) => value % 1)) ? 0 : 1 };
  const axis = { type: "category", axisLine: { lineStyle: { color: css("--line-2") } }, axisTick: { show: false }, axisLabel: { ...label, hideOverlap: true } };
  if (kind(it) === "total") {
    const lines = shown(it).reverse();
    return {
      ...base, xAxis: values, yAxis: { ...axis, data: lines.map(({ name }) => name), axisLabel: { ...label, width: 160, overflow: "truncate" } },
      series: [{ type: "bar", barMaxWidth: 28, data: lines.map((line) => ({ value: line.total, itemStyle: { color: color(line), opacity: faint(it, line) } })) }],
    };
  }
  const isBars = kind(it).includes("bars");
  return {
    ...base, yAxis: values, xAxis: { ...axis, data: data.x, boundaryGap: isBars },
    tooltip: { trigger: "axis", showContent: false, axisPointer: { type: isBars ? "shadow" : "line", lineStyle: { color: css("--control"), type: "solid" }, shadowStyle: { color: css("--surface-2") }, z: 0 } },
    series: shown(it).flatMap((line, _, all) => (isBars ? bars(it, line) : lines(it, line, all))),
  };
}

function bars(it, line) {
  const { data } = it;
  const half = (value, place, all) => (data.partial && place === all.length - 1 ? { value, itemStyle: { opacity: 0.5 * faint(it, line) } } : value);
  const found = [{
    type: "bar", name: line.name, stack: kind(it) === "stackedbars" ? "all" : undefined, barMaxWidth: 40, barGap: "8%", data: line.values.map(half),
    itemStyle: { color: color(line), borderRadius: 2, opacity: faint(it, line) }, emphasis: { disabled: true },
  }];
  if (line.previous) found.push(before(it, line));
  return found;
}

/** The range before, dotted. */
const before = (it, line) => ({
  type: "line", name: line.name, symbol: "none", data: line.previous, z: 1, emphasis: { disabled: true },
  lineStyle: { width: 1.5, color: color(line), type: "dotted", opacity: 0.75 * faint(it, line) },
});

function lines(it, line, all) {
  const { data } = it;
  const isStacked = kind(it) === "stacked", last = line.values.length - 1, own = color(line);
  const style = { width: 2, color: own, type: line.dashed ? "dashed" : "solid", opacity: faint(it, line) };
  const base = { type: "line", name: line.name, showSymbol: line.values.length === 1, symbol: "circle", symbolSize: 8, itemStyle: { color: own, opacity: faint(it, line), borderColor: css("--surface"), borderWidth: 2 }, emphasis: { scale: false, lineStyle: { width: 2 } } };
  const area = isStacked ? { opacity: 0.35 * faint(it, line), color: own } : all.length === 1 ? { opacity: 0.1, color: own } : undefined;
  if (isStacked) return [{ ...base, stack: "all", lineStyle: style, areaStyle: area, data: line.values }];
  const isCut = data.partial && last > 0;
  const found = [{ ...base, lineStyle: style, areaStyle: area, data: isCut ? line.values.with(last, null) : line.values }];
  // What is not over yet is dashed.
  if (isCut) found.push({ ...base, lineStyle: { ...style, type: "dashed" }, data: line.values.map((value, place) => (place >= last - 1 ? value : null)) });
  if (line.previous) found.push(before(it, line));
  return found;
}

function sankey({ data, box }, label) {
  const room = Math.min(180, box.clientWidth / 3); // for the names at the right
  const nodes = data.series.map((line, place) => ({ name: String(place), itemStyle: { color: color(line) } }));
  const told = ({ name }) => `${data.series[name].name}  ${data.series[name].told[0]}`;
  return {
    type: "sankey", left: 8, right: room, top: 8, bottom: 8, nodeWidth: 12, nodeGap: 10, draggable: false, data: nodes, layoutIterations: 0, labelLayout: { hideOverlap: true },
    links: data.links.map(({ from, to, count }) => ({ source: String(from), target: String(to), value: count })),
    label: { ...label, color: css("--text"), formatter: told, width: room - 10, overflow: "truncate" },
    lineStyle: { color: "gradient", opacity: 0.25 }, emphasis: { focus: "adjacency" },
  };
}

// The tip, the keys, and the click that opens who is behind a number.

function listen(it) {
  const { box, data, chart } = it;
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  box.append(tip);
  const isRead = () => data.kind !== "sankey" && kind(it) !== "total";
  const here = ({ offsetX, offsetY }) => {
    const found = chart.containPixel("grid", [offsetX, offsetY]) ? chart.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY])[0] : -1;
    return Math.max(-1, Math.min(data.x.length - 1, Math.round(found)));
  };
  const read = (place) => {
    it.at = isRead() ? place : -1;
    tell(it, tip);
  };
  chart.getZr().on("mousemove", (event) => read(here(event)));
  chart.getZr().on("globalout", () => read(-1));
  chart.getZr().on("click", (event) => {
    if (isRead() && here(event) >= 0) enter(it, here(event), nearest(it, here(event), event.offsetY));
  });
  chart.on("click", ({ dataIndex, dataType, data: { source, target } }) => {
    if (data.kind === "sankey") press(it, dataType === "edge" ? `[data-link="${source}-${target}"]` : `[data-node="${dataIndex}"]`);
    if (kind(it) === "total") enter(it, undefined, shown(it).reverse()[dataIndex].place);
  });
  box.onkeydown = (event) => {
    const last = data.x.length - 1, to = { ArrowRight: it.at + 1, ArrowLeft: it.at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) read(Math.max(0, Math.min(last, to)));
    else if (event.key === "Escape") read(-1);
    else if (event.key === "Enter" && it.at >= 0) enter(it, it.at, shown(it)[0]?.place);
    else return;
    event.preventDefault();
  };
  box.onblur = () => read(-1);
}

/** Which series a pointer is closest to. */
function nearest(it, place, y) {
  let sum = 0;
  const isStacked = kind(it) === "stacked" || kind(it) === "stackedbars";
  const far = (line) => {
    sum = isStacked ? sum + (line.values[place] ?? 0) : line.values[place] ?? 0;
    return Math.abs(it.chart.convertToPixel({ yAxisIndex: 0 }, sum) - y);
  };
  return shown(it).map((line) => [far(line), line.place]).sort(([a], [b]) => a - b)[0]?.[1];
}

const press = ({ card }, selector) => card.querySelector(`button${selector}`)?.click();

/** Presses the number in the table, where there is one. */
function enter({ card, data }, place, series) {
  const rows = card.querySelectorAll(`tr[data-row="${series}"]`);
  const cells = rows[0]?.cells;
  const cell = rows.length > 1 ? rows[place] : place === undefined ? rows[0] : cells?.[cells.length - data.x.length + place];
  cell?.querySelector("button[name=units]")?.click();
}

function tell(it, tip) {
  const { box, data, chart, at } = it;
  tip.hidden = at < 0;
  if (at < 0) return void chart.dispatchAction({ type: "hideTip" });
  chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
  const make = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className });
  const list = document.createElement("dl");
  for (const line of shown(it).sort((a, b) => b.values[at] - a.values[at])) {
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

addEventListener("resize", () => charts.forEach(({ chart }) => chart?.resize()));
new MutationObserver(() => [...charts.values()].forEach(({ card, series }) => draw(card, series))).observe(document.documentElement, { attributeFilter: ["data-theme"] });
