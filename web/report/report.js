"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const marker_limit = 400; // more arrows than this hide the prices
  const trades_per_page = 20;

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value, decimals) =>
    value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const percent = (value, decimals = 1) => number(value * 100, decimals) + " %";
  const price_decimals = (value) =>
    Math.min(12, Math.max(2, 5 - Math.floor(Math.log10(Math.abs(value) || 1))));
  const price = (value) => number(value, price_decimals(value));
  const stamp = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  const element = (tag, text, class_name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (class_name) made.className = class_name;
    return made;
  };

  function draw_trades() {
    const { rows, reasons } = data.trades;
    const body = document.getElementById("trade-rows");
    if (!body) return;
    const pages = Math.max(1, Math.ceil(rows.length / trades_per_page));
    const [previous, next] = ["trades-previous", "trades-next"].map((id) => document.getElementById(id));
    let page = 0;
    const show = () => {
      body.replaceChildren();
      for (const row of rows.slice(page * trades_per_page, (page + 1) * trades_per_page)) {
        const line = element("tr");
        const direction = row[8] > 0 ? "up" : row[8] < 0 ? "down" : "";
        line.append(
          element("td", stamp(row[0])), element("td", stamp(row[1])),
          element("td", row[2] ? "short" : "long"), element("td", price(row[3])), element("td", price(row[4])),
          element("td", price(row[5])), element("td", number(row[6], 2)), element("td", number(row[7], 2), direction),
          element("td", percent(row[8], 2), direction), element("td", reasons[row[9]]));
        body.append(line);
      }
      document.getElementById("trades-page").textContent = `page ${page + 1} of ${pages}`;
      previous.disabled = page === 0;
      next.disabled = page + 1 === pages;
    };
    previous.onclick = () => { page -= 1; show(); };
    next.onclick = () => { page += 1; show(); };
    document.getElementById("trades-csv").onclick = () => {
      const head = "entry_time,exit_time,side,entry_price,exit_price,quantity,fee,profit_abs,profit_ratio,exit_reason";
      const time = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
      const lines = rows.map((r) =>
        [time(r[0]), time(r[1]), r[2] ? "short" : "long", ...r.slice(3, 9), reasons[r[9]]].join(","));
      const link = element("a");
      link.href = URL.createObjectURL(new Blob([[head, ...lines].join("\n") + "\n"], { type: "text/csv" }));
      link.download = "trades.csv";
      link.click();
      URL.revokeObjectURL(link.href);
    };
    show();
  }

  // Entries and exits as arrows at the bars they filled on.
  function arrows_between(rows, first, last) {
    const arrows = [];
    for (const row of rows) {
      const long = !row[2];
      const [up, down] = [style("--up"), style("--down")];
      if (row[0] >= first && row[0] <= last)
        arrows.push({ time: row[0], position: long ? "belowBar" : "aboveBar", shape: long ? "arrowUp" : "arrowDown",
          color: long ? up : down, text: "" });
      if (row[1] >= first && row[1] <= last)
        arrows.push({ time: row[1], position: long ? "aboveBar" : "belowBar", shape: "circle", size: 0.6,
          color: row[7] >= 0 ? up : down, text: "" });
      if (arrows.length > marker_limit) return null;
    }
    return arrows.sort((a, b) => a.time - b.time);
  }

  // Arrows sit on bars that are drawn: a fill moves to the start of the drawn bar that holds it.
  function snap_trades() {
    const times = data.time;
    const snapped = (seconds) => {
      let low = 0, high = times.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (times[middle] <= seconds) low = middle; else high = middle - 1;
      }
      return times[low];
    };
    return data.trades.rows.map((row) => [snapped(row[0]), snapped(row[1]), ...row.slice(2)]);
  }

  function make_series(chart) {
    const L = LightweightCharts;
    const money = { type: "custom", minMove: 0.01, formatter: (v) => number(v, Math.abs(v) < 1000 ? 2 : 0) };
    const share = { type: "custom", minMove: 0.0001, formatter: (v) => percent(v) };
    const quiet = { lastValueVisible: true, priceLineVisible: false };
    const points = (values) => data.time.map((time, i) => ({ time, value: values[i] }));
    const candles = chart.addSeries(L.CandlestickSeries, { ...quiet, borderVisible: false,
      priceFormat: { type: "custom", minMove: 1e-8, formatter: (v) => number(v, Math.max(0, price_decimals(v) - 2)) } }, 0);
    candles.setData(data.time.map((time, i) =>
      ({ time, open: data.open[i], high: data.high[i], low: data.low[i], close: data.close[i] })));
    const lines = data.lines.map((line) => {
      const series = chart.addSeries(L.LineSeries, { ...quiet, lineWidth: line.color === "--strategy" ? 2 : 1,
        priceFormat: money }, 1);
      series.setData(points(line.equity));
      return { ...line, series };
    });
    const drawdowns = data.lines.filter((line) => line.drawdown).map((line) => {
      const options = { ...quiet, lineWidth: 1, priceFormat: share };
      const series = line.color === "--strategy"
        ? chart.addSeries(L.BaselineSeries, { ...options, baseValue: { type: "price", price: 0 } }, 2)
        : chart.addSeries(L.LineSeries, options, 2);
      series.setData(points(line.drawdown.map((value) => -value)));
      return { ...line, series };
    });
    const exposure = chart.addSeries(L.BaselineSeries, { ...quiet, lineWidth: 1, lineType: L.LineType.WithSteps,
      baseValue: { type: "price", price: 0 }, priceFormat: share }, 3);
    exposure.setData(points(data.exposure));
    return { candles, lines, drawdowns, exposure };
  }

  function apply_theme(chart, series) {
    const [up, down, line, text] = ["--up", "--down", "--line", "--muted"].map(style);
    chart.applyOptions({
      layout: { background: { type: "solid", color: style("--card") }, textColor: text,
        panes: { separatorColor: line, separatorHoverColor: line } },
      grid: { vertLines: { color: line + "80" }, horzLines: { color: line + "80" } },
      timeScale: { borderColor: line }, rightPriceScale: { borderColor: line },
    });
    series.candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    for (const entry of series.lines) entry.series.applyOptions({ color: style(entry.color) });
    for (const entry of series.drawdowns) {
      entry.series.applyOptions({ color: style(entry.color), bottomLineColor: down, topLineColor: down,
        bottomFillColor1: down + "18", bottomFillColor2: down + "55" });
    }
    series.exposure.applyOptions({ topLineColor: up, topFillColor1: up + "40", topFillColor2: up + "40",
      bottomLineColor: down, bottomFillColor1: down + "40", bottomFillColor2: down + "40" });
  }

  function make_legends(chart, holder) {
    const legends = chart.panes().map(() => holder.appendChild(element("div", undefined, "legend")));
    const place = () => chart.panes().forEach((pane, i) => {
      const box = pane.getHTMLElement()?.getBoundingClientRect();
      if (box) legends[i].style.top = box.top - holder.getBoundingClientRect().top + 6 + "px";
    });
    const fill = (i) => {
      const coloured = (text, color) => {
        const span = element("span", text);
        span.style.color = color;
        return span;
      };
      const head = (legend, name) => legend.replaceChildren(element("b", name));
      head(legends[0], data.symbol || "Price");
      legends[0].append(`${stamp(data.time[i])}  O ${price(data.open[i])}  H ${price(data.high[i])}` +
        `  L ${price(data.low[i])}  C ${price(data.close[i])}`);
      head(legends[1], "Account");
      for (const line of data.lines)
        legends[1].append(coloured(`${line.name} ${percent(line.equity[i] / data.initial_equity - 1)}`, style(line.color)));
      head(legends[2], "Drawdown");
      for (const line of data.lines.filter((entry) => entry.drawdown))
        legends[2].append(coloured(`${line.name} ${percent(-line.drawdown[i])}`,
          line.color === "--strategy" ? style("--down") : style(line.color)));
      head(legends[3], "Exposure");
      legends[3].append(percent(data.exposure[i], 0));
    };
    return { place, fill };
  }

  function draw_chart() {
    const holder = document.getElementById("chart");
    if (!holder || typeof LightweightCharts === "undefined") return;
    const trades_on_bars = snap_trades();
    const chart = LightweightCharts.createChart(holder, {
      autoSize: true,
      localization: { locale: "en-US" },
      crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
      timeScale: { timeVisible: data.interval < 86400, secondsVisible: false, minBarSpacing: 0.01 },
      rightPriceScale: { minimumWidth: 84 },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
    });
    const series = make_series(chart);
    [5, 4, 2.2, 1.8].forEach((share, i) => chart.panes()[i].setStretchFactor(share));
    // room for each pane's legend above its lines
    [series.candles, series.lines[0].series, series.drawdowns[0].series, series.exposure].forEach((one, i) =>
      one.priceScale().applyOptions({ scaleMargins: { top: i < 2 ? 0.12 : 0.28, bottom: 0.08 } }));
    const markers = LightweightCharts.createSeriesMarkers(series.candles, []);
    const legends = make_legends(chart, holder);
    const index_of = new Map(data.time.map((time, i) => [time, i]));
    const last = data.time.length - 1;

    const show_arrows = () => {
      const range = chart.timeScale().getVisibleRange();
      if (!range) return;
      const arrows = arrows_between(trades_on_bars, range.from, range.to);
      markers.setMarkers(arrows ?? []);
      document.getElementById("arrow-note").hidden = arrows !== null;
    };
    const theme = () => { apply_theme(chart, series); legends.fill(last); show_arrows(); };
    let waiting = 0;
    chart.timeScale().subscribeVisibleTimeRangeChange(() => {
      clearTimeout(waiting);
      waiting = setTimeout(show_arrows, 60);
    });
    chart.subscribeCrosshairMove((move) => legends.fill(index_of.get(move.time) ?? last));
    new ResizeObserver(() => requestAnimationFrame(legends.place)).observe(holder);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);

    for (const button of document.querySelectorAll("[data-days]"))
      button.onclick = () => {
        const days = Number(button.dataset.days);
        if (!days) return chart.timeScale().fitContent();
        const to = data.time[last];
        chart.timeScale().setVisibleRange({ from: Math.max(data.time[0], to - days * 86400), to });
      };
    const log = document.getElementById("log-scale");
    log.onclick = () => {
      const pressed = log.getAttribute("aria-pressed") !== "true";
      log.setAttribute("aria-pressed", String(pressed));
      const mode = pressed ? LightweightCharts.PriceScaleMode.Logarithmic : LightweightCharts.PriceScaleMode.Normal;
      for (const one of [series.candles, series.lines[0].series]) one.priceScale().applyOptions({ mode });
    };
    chart.timeScale().fitContent();
    theme();
    requestAnimationFrame(legends.place);
  }

  draw_trades();
  draw_chart();
})();
