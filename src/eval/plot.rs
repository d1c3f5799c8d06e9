//! The curves as a picture: how many attacks are found, by how many honest texts are with them.

use std::fmt::Write as _;

use super::{Detector, Judged, curve};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 50.0;
/// The share of false alarms at the left edge; the axis is logarithmic, because the low end counts.
const RATE_MIN: f64 = 0.0005;

/// An SVG of one line for each detector.
pub fn svg(judged: &[Judged]) -> String {
    let all: Vec<&Judged> = judged.iter().collect();
    let mut svg = String::new();
    let mut draw = |args: std::fmt::Arguments<'_>| {
        writeln!(svg, "{args}").expect("a String takes all that is written");
    };
    draw(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">"
    ));
    draw(format_args!("<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>"));
    for rate in [0.001, 0.005, 0.01, 0.03, 0.1, 1.0] {
        let (x, bottom) = (across(rate), up(0.0));
        draw(format_args!(
            "<path d=\"M{x:.1} {bottom:.1}V{:.1}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} %</text>",
            up(1.0),
            bottom + 18.0,
            rate * 100.0
        ));
    }
    for tenth in (0..=10).step_by(2) {
        let y = up(f64::from(tenth) / 10.0);
        draw(format_args!(
            "<path d=\"M{:.1} {y:.1}H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
            across(RATE_MIN),
            across(1.0),
            across(RATE_MIN) - 6.0,
            y + 4.0,
            tenth * 10
        ));
    }
    for (number, detector) in Detector::ALL.into_iter().enumerate() {
        let Some(curve) = curve(detector, &all) else { continue };
        let colour = ["#888", "#1f77b4", "#d62728"].get(number).copied().unwrap_or("black");
        let points = curve.points();
        let place =
            |(rate, recall): &(f64, f64)| format!("{:.1},{:.1}", across(*rate), up(*recall));
        let line: Vec<String> = points.iter().map(place).collect();
        draw(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            line.join(" ")
        ));
        draw(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\">{}</text>",
            across(1.0) - 8.0,
            up(0.0) - 10.0 - 16.0 * number as f64,
            detector.name()
        ));
    }
    draw(format_args!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">honest texts caught</text>",
        WIDTH / 2.0,
        HEIGHT - 8.0
    ));
    draw(format_args!("<text x=\"8\" y=\"16\">attacks caught</text>\n</svg>"));
    svg
}

fn across(rate: f64) -> f64 {
    let share = (rate.max(RATE_MIN) / RATE_MIN).ln() / (1.0 / RATE_MIN).ln();
    MARGIN + share * (WIDTH - 2.0 * MARGIN)
}

fn up(recall: f64) -> f64 {
    HEIGHT - MARGIN - recall * (HEIGHT - 2.0 * MARGIN)
}
