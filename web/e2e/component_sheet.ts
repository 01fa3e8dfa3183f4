// The page of components.e2e.ts: at least one of each class that components.css names.
const BADGES: Record<string, string[]> = {
  verdict: ["ship", "hold", "rollback", "collect", "undecided"],
  result: ["pass", "fail", "inconclusive", "unproved", "unverified"],
  outcome: ["success", "failure", "abandoned", "unknown"],
  severity: ["critical", "major", "minor"],
  fresh: ["fresh", "due", "stale", "never"],
  status: ["open", "promoted", "linked", "dismissed", "firing", "ok", "learning", "no-data", "acknowledged", "resolved", "draft", "active", "retired"],
  state: ["candidate", "live", "rolled-back", "retired"],
  delta: ["better", "worse", "same", "changed", "unknown"],
};

const PAGES: [string, string][] = [["o", "Overview"], ["t", "Triage"], ["r", "Runs"], ["e", "Eval cases"], ["s", "Scorecards"], ["d", "Decisions"]];

function rail(): string {
  const links = PAGES.map(([key, name], index) => `<li><a class="rail-link" href="/${name.toLowerCase()}" data-go="${key}"${index === 0 ? ' aria-current="page"' : ""}>${name}${index === 1 ? ' <span class="rail-count">12</span>' : ""}</a></li>`);
  return `<nav class="rail" aria-label="Main"><a class="rail-brand" href="/">Seatrial</a><ul class="rail-list">${links.join("")}</ul></nav>`;
}

const TOPBAR = `<header class="topbar"><a class="topbar-project" href="/">demo</a>
<form class="search" role="search"><label class="visually-hidden" for="q">Search</label><input id="q" type="search" name="q" data-search placeholder="Run, release, case"></form>
<div class="topbar-user"><button class="button is-quiet" type="button" data-theme-toggle>Theme</button><button class="button is-quiet" type="button" data-legend>Keys</button></div></header>`;

function badges(): string {
  const rows = Object.entries(BADGES).map(([block, kinds]) => `<div class="fact"><dt>${block}</dt><dd class="row">${kinds.map((kind) => `<span class="${block} is-${kind}">${kind}</span>`).join("")}</dd></div>`);
  return `<section class="section"><h2 class="section-title">Badges</h2><dl class="facts">${rows.join("")}</dl><p class="row"><span class="tag">tier: gold</span><span class="role">reviewer</span><span class="verdict is-hold is-large">Hold</span></p></section>`;
}

const FIGURE = `<span class="figure"><b class="figure-value">41.2 %</b> <span class="figure-interval">[38.0, 44.5]</span> <a class="figure-ratio" href="/runs">412/1,000</a></span>`;

const FIGURES = `<section class="section signal-group"><h2 class="section-title">Figures</h2><h3 class="signal-group-title">that result was not trustworthy</h3><div class="figures">
<div class="figure-box"><span class="figure-label">success_rate</span><span class="figure is-large"><b class="figure-value">41.2 %</b> <span class="figure-interval">[38.0, 44.5]</span></span><span class="delta is-better">+2.1 pp</span>
<svg class="sparkline series-1" viewBox="0 0 120 24" role="img" aria-label="rising"><polyline class="chart-line" points="0,20 40,14 80,12 120,4"/><circle class="chart-dot" cx="120" cy="4" r="2"/></svg></div>
<div class="figure-box"><span class="figure-label">completion_rate</span><span class="figure is-flattering"><b class="figure-value">68.0 %</b></span></div>
<div class="figure-box"><span class="figure-label">rescue_rate</span><span class="figure is-unverified"><b class="figure-value">0 %</b> <span class="result is-unverified">unverified</span></span></div></div></section>`;

const TABLE = `<section class="section"><h2 class="section-title">Runs</h2><nav class="filters" aria-label="Filters"><a class="filter-chip is-on" href="/runs">failure</a><a class="filter-chip" href="/runs">success</a><a class="filter-clear" href="/runs">Clear</a></nav>
<div class="table-wrap" role="region" aria-label="Runs" tabindex="0"><table class="table"><caption class="visually-hidden">Runs</caption><thead><tr><th scope="col">Run</th><th scope="col" aria-sort="descending"><a class="sort" href="/runs">Started</a></th><th scope="col">Outcome</th><th scope="col" class="num">Cost</th></tr></thead>
<tbody data-nav-list><tr><td class="id"><a data-nav-item href="/runs/1">first item</a></td><td class="nowrap">2026-11-01 10:00</td><td><span class="outcome is-failure">failure</span></td><td class="num">$0.031</td></tr>
<tr class="is-selected"><td class="id"><a data-nav-item href="/runs/2">second item</a></td><td>2026-11-01 10:01</td><td><span class="outcome is-success">success</span></td><td class="num muted">unknown</td></tr></tbody></table></div>
<nav class="pager" aria-label="Pages"><a class="button is-quiet" rel="next" href="/runs">Next</a><span class="pager-note">50 of 1,000,000</span></nav></section>`;

const NOTES = `<section class="section"><h2 class="section-title">Notes</h2><div class="stack"><div class="note is-info"><p class="note-title">For information</p><p>Plain words and <a href="/">a link</a>.</p></div><div class="note is-good"><p>Good</p></div><div class="note is-warn"><p>Look</p></div><div class="note is-bad" role="alert"><p>Bad</p></div>
<div class="empty"><p class="empty-title">No runs yet</p><p>Send the first one:</p><div class="command"><code>seatrial run import runs.ndjson.gz --project demo</code><button class="copy" type="button" data-copy="seatrial run import">Copy</button></div></div>
<ol class="reasons"><li>The key check <b>success_rate</b> fails in tier <b>gold</b>.</li></ol><ul class="gaps"><li class="gap is-unowned"><span class="gap-what">No eval covers wrong_amount</span><span class="gap-owner">unowned</span><span class="gap-next">next: a case</span></li></ul>
<ul class="queue"><li class="queue-item"><a href="/">Decide about refund 1.4</a><span class="queue-when">2 h</span></li></ul><progress class="progress" max="100" value="62" aria-label="Evidence">62 %</progress><p class="progress-note">62 % of the runs this check will probably need</p></div></section>`;

const FORM = `<section class="section"><h2 class="section-title">Form</h2><form class="form" method="post" action="/runs" id="decide" data-guard data-submit-key><div class="field"><label class="field-label" for="reason">Reason</label><textarea id="reason" name="reason" aria-describedby="hint err" aria-invalid="true"></textarea><p class="field-hint" id="hint">Kept with the decision.</p><p class="field-error" id="err">Give a reason.</p></div>
<fieldset class="choices"><legend class="field-label">Verdict</legend><label class="choice"><input type="radio" name="verdict" value="ship"><span><span class="choice-title">Ship</span><span class="choice-note">It may go on.</span></span></label><label class="choice"><input type="radio" name="verdict" value="hold"><span><span class="choice-title">Hold</span></span></label></fieldset>
<details class="more"><summary>More</summary><div class="field is-short"><label class="field-label" for="kind">Kind</label><select id="kind" name="kind"><option>one</option></select></div></details>
<div class="form-actions"><button class="button is-primary">Record</button><button class="button" type="button" disabled>Not yet</button></div></form>
<form class="form is-inline" method="post" action="/keys" data-confirm="Delete this key?"><button class="button is-danger">Delete the key</button></form></section>`;

function span(id: string, depth: number, kind: string): string {
  return `<div class="span-row" data-depth="${depth}"><a class="span-name" href="?span=${id}">${id} with a rather long name that is cut</a><span class="span-kind">${kind}</span><svg class="span-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="span-rect is-${kind}" x="${depth * 100}" y="1" width="${900 - depth * 150}" height="8"/></svg><span class="span-time">1.2 s</span><span class="span-cost">$0.002</span></div>`;
}

const RUN = `<section class="section"><h2 class="section-title">Run</h2><div class="waterfall"><div class="waterfall-view" role="region" aria-label="Spans" tabindex="0">${span("root", 0, "agent")}${span("plan", 1, "llm")}${span("act", 1, "tool")}${span("retry", 2, "tool")}</div><div class="waterfall-body"><div class="span-body"><h3 class="span-body-title">act <span class="small muted">tool</span></h3><pre class="code">{"tool":"refund"}</pre></div></div></div>
<ol class="turns"><li class="turn is-user"><h3 class="turn-role">user</h3><div class="part is-text"><div class="part-text">Where is my refund?</div></div></li><li class="turn is-assistant"><h3 class="turn-role">assistant</h3><div class="part is-call"><span class="part-label">calls <code>refund</code></span><div class="part-text">{"order":1042}</div></div><div class="part is-result is-error"><span class="part-label">failed: <code>refund</code></span><details class="part-fold"><summary>Error: no such order…</summary><div class="part-text">Error: no such order</div></details></div></li></ol>
<ol class="timeline"><li class="timeline-item is-late"><time datetime="2026-11-01T10:00:00Z" data-local-time>10:00</time><span class="timeline-what">Rescued, 12 minutes</span><span class="source">help desk</span></li></ol>
<pre class="diff"><span class="diff-line is-same">same</span><span class="diff-line is-add">added</span><span class="diff-line is-del">removed</span></pre><p>To <span class="redaction">[email]</span> <ins>new</ins> <del>old</del></p></section>`;

const CHARTS = `<section class="section"><h2 class="section-title">Charts</h2><figure class="chart-figure"><svg class="chart" viewBox="0 0 400 120" role="img" aria-labelledby="ct"><title id="ct">Success rate by day</title><line class="chart-grid" x1="0" x2="400" y1="60" y2="60"/><line class="chart-axis" x1="0" x2="400" y1="110" y2="110"/><polyline class="chart-line series-1" points="0,100 200,60 400,20"/><polyline class="chart-line series-2" points="0,80 200,70 400,75"/><line class="chart-reference" x1="0" x2="400" y1="40" y2="40"/><line class="chart-marker" x1="250" x2="250" y1="0" y2="110"/><text class="chart-label" x="4" y="36">floor 80 %</text></svg><figcaption>Line and baseline.</figcaption></figure>
<ul class="legend">${[1, 2, 3, 4, 5, 6].map((n) => `<li class="legend-item"><span class="legend-key series-${n}"></span>series ${n}</li>`).join("")}</ul>
<div class="table-wrap" role="region" aria-label="Checks by segment" tabindex="0"><table class="heat"><thead><tr><th scope="col">Check</th>${[-3, -2, -1, 0, 1, 2, 3, "none"].map((level) => `<th scope="col">${level}</th>`).join("")}</tr></thead><tbody><tr><th scope="row">success_rate</th>${[-3, -2, -1, 0, 1, 2, 3, "none"].map((level) => `<td class="heat-cell" data-level="${level}">41.2 %</td>`).join("")}</tr></tbody></table></div></section>`;

/** The whole sheet as HTML. */
export function sheet(manifest: Record<string, string>): string {
  const asset = (name: string): string => `/${manifest[name] ?? name}`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Components</title><link rel="icon" href="${asset("favicon.svg")}"><script src="${asset("theme.js")}"></script><link rel="stylesheet" href="${asset("app.css")}"><script defer src="${asset("app.js")}"></script></head>
<body class="shell"><a class="skip" href="#main">Skip to content</a>${rail()}${TOPBAR}<main id="main" class="page"><div class="page-head"><nav class="crumbs" aria-label="Place"><ol><li><a href="/">Releases</a></li><li>1.4</li></ol></nav><h1 class="page-title">Components <span class="state is-live">live</span></h1><p class="page-sub">Every class of the vocabulary.</p><div class="page-actions"><a class="button" href="/">Open</a></div></div>
<nav class="tabs" aria-label="Views"><a class="tab" aria-current="page" href="/">One</a><a class="tab" href="/">Two</a></nav>
<div class="split"><div class="split-main">${badges()}${FIGURES}${TABLE}<p>${FIGURE}</p></div><aside class="split-side" aria-label="Facts"><div class="card"><div class="card-head"><h2 class="card-title">Facts</h2></div><div class="card-body"><dl class="facts"><div class="fact"><dt>Cost</dt><dd class="is-unknown">unknown</dd></div><div class="fact"><dt>Digest</dt><dd class="digest">3f0c9a773f0c9a773f0c9a773f0c9a773f0c9a773f0c9a77</dd></div></dl></div><div class="card-foot"><span class="source">by API</span></div></div></aside></div>
${NOTES}${FORM}${RUN}${CHARTS}</main></body></html>`;
}
