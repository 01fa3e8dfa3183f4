//! The parts templates are made of: formats, escaping, Markdown of notes, charts.

use seatrial::render::svg::{
    Axis, BarRow, HeatCell, HeatRow, IntervalRow, Label, LineChart, Marker, Share, heat_map, interval_plot, line_chart,
    mix_bars, sparkline,
};
use seatrial::render::view::release::interval_of;
use seatrial::render::view::scorecard::SegmentCell;
use seatrial::render::view::{Delta, Figure, HOSTILE, Reading, Unit};
use seatrial::render::{format, markdown, text, words};

#[test]
fn numbers_read_as_people_write_them() {
    let cases = [
        (format::percent(0.412), "41.2 %"),
        (format::percent(0.0), "0.0 %"),
        (format::percent(0.0001), "0.1 %"),
        (format::percent(0.9999), "99.9 %"),
        (format::percent(1.0), "100.0 %"),
        (format::points(0.0214), "+2.1 pp"),
        (format::points(-0.0214), "\u{2212}2.1 pp"),
        (format::points(0.0001), "0.0 pp"),
        (format::count(1_234_567), "1,234,567"),
        (format::count(-1_000), "\u{2212}1,000"),
        (format::money(31_000_000.0, "USD"), "$0.031"),
        (format::money(1_204_500_000_000.0, "EUR"), "€1,204.50"),
        (format::money(12_000_000_000.0, "CHF"), "CHF 12.00"),
        (format::money(120_000.0, "USD"), "$0.00012"),
        (format::money(0.0, "USD"), "$0.00"),
        (format::duration(350.0), "350 µs"),
        (format::duration(1_200_000.0), "1.2 s"),
        (format::duration(125_000_000.0), "2 min 5 s"),
        (format::duration(183_600_000_000.0), "2 d 3 h"),
        (format::date_time(1_795_402_800_000_000), "23 Nov 2026, 03:00 UTC"),
        (format::rfc3339(1_795_402_800_000_001), "2026-11-23T03:00:00.000001Z"),
        (format::short_id("run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50"), "run_…2d3e4f50"),
        (format::short_digest("sha256:9f86d081884c7d65"), "9f86d081884c"),
    ];
    for (shown, wanted) in cases {
        assert_eq!(shown, wanted);
    }
    assert_eq!(format::date_time(i64::MAX), "an impossible time");
    assert_eq!(format::percent(f64::NAN), "no data");
}

#[test]
fn a_figure_is_never_alone() {
    let figure = Figure::rate(412, 1000, 0.38, 0.445);
    assert_eq!(figure.text(), "41.2 % [38.0, 44.5] · 412/1,000");
    assert_eq!(figure.spoken(), "95 % interval from 38.0 to 44.5, 412 of 1,000 runs");
    assert_eq!(Figure::rate(0, 0, 0.0, 1.0).text(), "no data · 0/0");
    assert_eq!(Figure::unknown(Unit::Rate).text(), "no data");
    let ratio = Figure { low: Some(2.0e7), ..Figure::money(3.1e7, "USD", 940) };
    assert_eq!(ratio.text(), "$0.031 [$0.020, unbounded] · 940 runs");
    assert_eq!(Delta::new(Figure::duration_us(3_000.0, 10), Reading::Worse).value_text(), "+3 ms");
}

#[test]
fn markdown_escaping_leaves_nothing_alive() {
    let cases = [
        ("plain words, 1.5 times", "plain words, 1.5 times"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("1.4.0 (new)", "1.4.0 (new)"),
        ("field_name and _loud_", "field_name and \\_loud\\_"),
        ("# head", "\\#&#8203; head"),
        ("a | b", "a \\| b"),
        ("<b>", "&lt;b&gt;"),
        ("@team", "@&#8203;team"),
        ("see #12 and GH-12", "see \\#&#8203;12 and GH-&#8203;12"),
        ("https://x.example", "https:&#8203;//x.example"),
        ("www.x.example", "www&#8203;.x.example"),
        ("two\nlines", "two lines"),
        ("&lt;", "&amp;lt;"),
    ];
    for (given, wanted) in cases {
        assert_eq!(text::markdown(given), wanted);
    }
    assert_eq!(text::markdown_code("a`b"), "``a`b``");
    assert_eq!(text::markdown_code("`"), "`` ` ``");
}

#[test]
fn targets_are_allow_listed() {
    for good in ["/p/demo", "?span=1", "#main", "https://example.com/a:b", "mailto:a@example.com", "runs/a:b", ""] {
        assert_eq!(text::safe_href(good), Some(good), "{good}");
    }
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "\\\\evil",
        "vbscript:x",
        "\u{1}javascript:x",
    ] {
        assert_eq!(text::safe_href(bad), None, "{bad}");
    }
}

#[test]
fn notes_keep_their_markup_and_lose_their_teeth() {
    let note = "**Shipped** with `x < y`, see [runbook](https://example.com/r) and [bad](javascript:alert(1)).\n\n<script>alert(1)</script>\n\n\
        ![pic](https://example.com/p.png) [![in](https://a.example)](https://b.example)\n\n# Big\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    insta::assert_snapshot!("note", markdown::to_html(note).as_str());
    let html = markdown::to_html(HOSTILE);
    assert!(
        !html.as_str().contains("<script")
            && !html.as_str().contains("<img")
            && !html.as_str().contains("javascript:alert(1)\"")
    );
}

#[test]
fn states_have_words() {
    assert_eq!(words::look_up("verdict", "collect_more_evidence").map(|w| w.label), Some("Collect more evidence"));
    assert_eq!(words::look_up("state", "rolled_back").map(|w| w.class), Some("is-rolled-back"));
    assert_eq!(words::look_up("verdict", "<b>"), None);
}

#[test]
fn shades_stay_in_range() {
    assert_eq!(SegmentCell::level(Some(-2.4)), "-3");
    assert_eq!(SegmentCell::level(Some(-0.1)), "0");
    assert_eq!(SegmentCell::level(Some(0.7)), "1");
    assert_eq!(SegmentCell::level(None), "none");
}

fn label(id: &'static str) -> Label<'static> {
    Label { id, title: "A title with <markup>", description: "What a reader takes from it." }
}

#[test]
fn an_interval_plot() {
    let rows = [
        IntervalRow {
            label: "Success rate".to_owned(),
            baseline: interval_of(&Figure::rate(900, 1000, 0.88, 0.92)),
            candidate: interval_of(&Figure::rate(860, 1000, 0.83, 0.88)),
        },
        IntervalRow { label: "</text><script>".to_owned(), baseline: None, candidate: None },
    ];
    insta::assert_snapshot!("svg_intervals", interval_plot(label("a"), Axis::RATE, &rows, Some(0.88)).as_str());
}

fn share(numerator: u64, denominator: u64) -> Share {
    let figure = Figure::rate(numerator, denominator, 0.0, 0.1);
    Share { value: figure.value, reading: figure.text() }
}

#[test]
fn a_failure_mix() {
    let rows = [
        BarRow { label: "amount_mismatch".to_owned(), before: share(12, 1000), now: share(41, 1000) },
        BarRow { label: "wrong_tool".to_owned(), before: share(0, 0), now: share(0, 1000) },
    ];
    insta::assert_snapshot!("svg_bars", mix_bars(label("b"), &rows).as_str());
}

#[test]
fn a_line_and_a_sparkline() {
    let chart = LineChart {
        values: vec![Some(0.9), None, Some(0.87), Some(0.86)],
        readings: ["90 % · 90/100", "no data", "87 % · 87/100", "86 % · 86/100"].map(str::to_owned).to_vec(),
        band: vec![Some((0.88, 0.92)), None, Some((0.84, 0.9)), Some((0.83, 0.88))],
        markers: vec![Marker { at: 2, label: "1.4.0".to_owned() }, Marker { at: 99, label: "outside".to_owned() }],
        steps: vec!["Mon".to_owned(), "Thu".to_owned()],
    };
    insta::assert_snapshot!("svg_line", line_chart(label("c"), Axis::RATE, &chart).as_str());
    insta::assert_snapshot!("svg_sparkline", sparkline(label("d"), Axis::RATE, &chart).as_str());
}

/// The label boxes above a chart: left, right and baseline, by the least that a letter takes.
fn labels(svg: &str) -> Vec<(f64, f64, f64)> {
    let texts = svg.split("<text class=\"chart-label chart-marker-label\"").skip(1);
    let of = |text: &str| {
        let value = |name: &str| {
            let rest = text.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let said = text.split('>').nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        let (x, y): (f64, f64) = (value(" x").parse().expect("x"), value(" y").parse().expect("y"));
        let width = said.chars().count() as f64 * 6.0;
        if value("text-anchor") == "end" { (x - width, x, y) } else { (x, x + width, y) }
    };
    texts.map(of).collect()
}

#[test]
fn labels_of_near_markers_do_not_lie_over_each_other() {
    let days = 30;
    for near in [&[28, 29][..], &[0, 1, 2], &[10, 11, 12, 13], &[5, 9, 14, 15, 22, 28, 29]] {
        let markers: Vec<Marker> =
            near.iter().map(|at| Marker { at: *at, label: format!("refund 1.{at} deployed; live") }).collect();
        let chart = LineChart { values: vec![Some(0.9); days], markers, ..LineChart::default() };
        let svg = line_chart(label("m"), Axis::RATE, &chart);
        let found = labels(svg.as_str());
        assert_eq!(found.len(), near.len(), "each is written: {near:?}");
        for (i, one) in found.iter().enumerate() {
            assert!(one.0 >= 0.0 && one.1 <= 640.0 && one.2 >= 10.0, "within the chart: {one:?}");
            for other in &found[i + 1..] {
                let apart = one.1 < other.0 || other.1 < one.0 || (one.2 - other.2).abs() >= 12.0;
                assert!(apart, "{near:?}: {one:?} lies over {other:?}");
            }
        }
    }
    let crowd = (0..days).map(|at| Marker { at, label: format!("refund 1.{at} deployed; live") }).collect();
    let chart = LineChart { values: vec![Some(0.9); days], markers: crowd, ..LineChart::default() };
    let svg = line_chart(label("n"), Axis::RATE, &chart);
    assert!(labels(svg.as_str()).len() < days, "what has no room is not written");
    assert_eq!(svg.as_str().matches(" deployed; live</title><line").count(), days, "and said all the same");
}

#[test]
fn a_heat_map() {
    let cell = |result: Option<&str>| HeatCell { result: result.map(str::to_owned), note: "41.2 %".to_owned() };
    let rows =
        [HeatRow { label: "Success rate".to_owned(), cells: vec![cell(Some("pass")), cell(Some("fail")), cell(None)] }];
    let columns = ["overall", "tier = gold", "tier = free"].map(str::to_owned);
    insta::assert_snapshot!("svg_heat", heat_map(label("e"), &columns, &rows).as_str());
}

#[test]
fn charts_survive_nothing_and_nonsense() {
    let of = |values: Vec<Option<f64>>| LineChart { values, ..LineChart::default() };
    let odd = of(vec![None, Some(f64::NAN), Some(f64::INFINITY)]);
    for svg in [
        interval_plot(label("f"), Axis::RATE, &[], None),
        mix_bars(label("g"), &[]),
        line_chart(label("h"), Axis::RATE, &LineChart::default()),
        sparkline(label("i"), Axis { unit: Unit::Number, currency: "" }, &odd),
        sparkline(label("j"), Axis::RATE, &of(vec![Some(0.5), Some(0.5)])),
        heat_map(label("k"), &[], &[]),
    ] {
        assert!(
            svg.as_str().ends_with("</svg>") && !svg.as_str().contains("NaN") && !svg.as_str().contains("inf"),
            "{}",
            svg.as_str()
        );
    }
}
