//! The results as Markdown, CSV, and one HTML page that needs nothing else.

use std::fmt::Write as _;

/// A table that is printed and written.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its name in the CSV.
    pub key: &'static str,
    /// Its heading.
    pub title: String,
    /// What it says, in a sentence or two.
    pub text: String,
    /// Column heads.
    pub head: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
}

/// A plot of lines.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Its heading.
    pub title: String,
    /// What runs along the horizontal axis.
    pub across: String,
    /// What runs up; shares of one.
    pub up: String,
    /// Named lines of points.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
    /// A level to be seen, such as α.
    pub level: Option<f64>,
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A number of runs.
pub fn whole(runs: Option<f64>) -> String {
    runs.map_or_else(|| "–".to_owned(), |runs| format!("{runs:.0}"))
}

/// The Markdown document.
pub fn markdown(head: &str, tables: &[Table]) -> String {
    let mut text = head.to_owned();
    for table in tables {
        let _ = write!(text, "\n## {}\n\n{}\n\n", table.title, table.text);
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text.push_str(&line(&table.head));
        text.push_str(&line(&table.head.iter().map(|_| "---".to_owned()).collect::<Vec<_>>()));
        table.rows.iter().for_each(|row| text.push_str(&line(row)));
    }
    text
}

/// Every cell of every table: `table,row,column,value`.
pub fn csv(tables: &[Table]) -> String {
    let mut text = "table,row,column,value\n".to_owned();
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    for table in tables {
        for row in &table.rows {
            for (column, cell) in table.head.iter().zip(row).skip(1) {
                let _ = writeln!(text, "{},{},{},{}", table.key, quoted(&row[0]), quoted(column), quoted(cell));
            }
        }
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The self-contained page.
pub fn html(head: &str, tables: &[Table], plots: &[Plot]) -> String {
    let mut body = String::new();
    for paragraph in head.split("\n\n") {
        let text = escaped(paragraph.trim().trim_start_matches("# "));
        let tag = if paragraph.starts_with("# ") { "h1" } else { "p" };
        let _ = writeln!(body, "<{tag}>{}</{tag}>", text.replace('`', ""));
    }
    plots.iter().for_each(|plot| body.push_str(&figure(plot)));
    for table in tables {
        let _ =
            writeln!(body, "<h2>{}</h2>\n<p>{}</p>\n<table><thead><tr>", escaped(&table.title), escaped(&table.text));
        table.head.iter().for_each(|cell| body.push_str(&format!("<th scope=\"col\">{}</th>", escaped(cell))));
        body.push_str("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            body.push_str("<tr>");
            row.iter().for_each(|cell| body.push_str(&format!("<td>{}</td>", escaped(cell))));
            body.push_str("</tr>\n");
        }
        body.push_str("</tbody></table>\n");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Decisions, measured</title>\n<style>{STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b2430;\
background:#fff}table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}th,td{border-bottom:1px solid #d5dbe3;\
padding:.25rem .6rem;text-align:right}th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}\
figure{margin:1.5rem 0}figcaption{font-weight:600}";

const COLOURS: [&str; 8] = ["#0b5fa5", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#0f766e", "#a16207", "#475569"];

fn figure(plot: &Plot) -> String {
    let (width, height, left, bottom) = (760.0, 320.0, 56.0, 40.0);
    let points = || plot.lines.iter().flat_map(|(_, points)| points);
    let low = points().map(|p| p.0).fold(f64::INFINITY, f64::min);
    let high = points().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max).max(low + 1e-9);
    let top = points().map(|p| p.1).fold(0.0, f64::max).max(1e-9);
    let x = |value: f64| left + (value - low) / (high - low) * (width - left - 190.0);
    let y = |value: f64| height - bottom - value / top * (height - bottom - 16.0);
    let mut svg =
        format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">", escaped(&plot.title));
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let shown = if top <= 1.0 { format!("{:.0} %", 100.0 * value) } else { format!("{value:.0}") };
        let _ = write!(
            svg,
            "<line x1=\"{left}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#e2e7ee\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             font-size=\"11\" text-anchor=\"end\">{shown}</text>",
            x(high),
            left - 6.0,
            y(value) + 4.0,
            y = y(value)
        );
    }
    let mut ticks: Vec<f64> = points().map(|p| p.0).collect();
    ticks.sort_by(f64::total_cmp);
    ticks.dedup();
    for tick in &ticks {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"middle\">{tick}</text>",
            x(*tick),
            height - bottom + 16.0
        );
    }
    if let Some(level) = plot.level {
        let _ = write!(
            svg,
            "<line x1=\"{left}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#1b2430\" stroke-dasharray=\"4 4\"/>",
            x(high),
            y = y(level)
        );
    }
    for (i, (name, line)) in plot.lines.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let path: Vec<String> = line.iter().map(|&(a, b)| format!("{:.1},{:.1}", x(a), y(b))).collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             font-size=\"11\" fill=\"{colour}\">{}</text>",
            path.join(" "),
            width - 182.0,
            20.0 + 16.0 * i as f64,
            escaped(name)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\">{} across, {} up</text></svg>",
        left,
        height - 6.0,
        escaped(&plot.across),
        escaped(&plot.up)
    );
    format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escaped(&plot.title))
}
