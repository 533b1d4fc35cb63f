//! Bar charts as SVG, enough to see a ratio at a glance.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 210.0;
const BAR: f64 = 22.0;
const GAP: f64 = 10.0;
const TOP: f64 = 48.0;

/// One horizontal bar for each value.
pub(crate) fn bars(title: &str, unit: &str, values: &[(String, f64)]) -> String {
    let most = values
        .iter()
        .map(|(_, value)| *value)
        .fold(f64::MIN_POSITIVE, f64::max);
    let height = TOP + values.len() as f64 * (BAR + GAP) + GAP;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"16\" y=\"28\" font-size=\"16\" font-weight=\"bold\">{}</text>\n",
        escape(title)
    );
    for (at, (label, value)) in values.iter().enumerate() {
        let y = TOP + at as f64 * (BAR + GAP);
        let length = (value / most * (WIDTH - LEFT - 120.0)).max(1.0);
        let text = y + BAR * 0.7;
        // Writing into a String does not fail.
        let written = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"#2b6cb0\"/>\
             <text x=\"{:.1}\" y=\"{text}\">{} {}</text>",
            LEFT - 8.0,
            escape(label),
            LEFT + length + 6.0,
            number(*value),
            escape(unit)
        );
        let _written = written;
    }
    svg + "</svg>\n"
}

fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values() {
        let svg = bars("a < b", "per s", &[("one".into(), 1.0), ("two".into(), 2.0)]);
        assert!(svg.contains("a &lt; b") && svg.ends_with("</svg>\n"));
        assert!(
            svg.contains("width=\"195.0\"") && svg.contains("width=\"390.0\""),
            "{svg}"
        );
    }
}
