//! Small charts, drawn by the server: a day in bars, and where customers are as one bar.

use super::parts::number;
use maud::{Markup, html};
use replay::when;

const WIDTH: usize = 960;
const HEIGHT: usize = 96;

/// A day in bars; each says its time and its number.
pub(crate) fn day(name: &str, kind: &str, bars: &[i64], since: i64, minutes: i64) -> Markup {
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    let sum: i64 = bars.iter().sum();
    let width = WIDTH / bars.len().max(1);
    let label = words::tr!(
        "{name}: {} in 24 hours, at most {} in {minutes} minutes",
        number(sum),
        number(most.min(sum))
    );
    html! {
        figure .chart {
            figcaption { span { (name) } strong { (number(sum)) } }
            svg class=(kind) viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(label) {
                line x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
                @for (at, bar) in bars.iter().enumerate() {
                    @if *bar > 0 {
                        @let height = tall(*bar, most);
                        rect x=(at * width) y=(HEIGHT - height) width=(width - 2) height=(height) {
                            title { (when::time(since + i64::try_from(at).unwrap_or(0) * minutes * 60_000)) ": " (number(*bar)) }
                        }
                    }
                }
            }
        }
    }
}

/// A group's last day, by the hour, as small as a word.
pub(crate) fn trend(bars: &[u64], since: i64) -> Markup {
    const TALL: u64 = 24;
    let (sum, most) = (
        bars.iter().sum::<u64>(),
        bars.iter().copied().max().unwrap_or(0).max(1),
    );
    let width = 4;
    html! {
        svg .trend viewBox=(format!("0 0 {} {TALL}", bars.len() * width)) preserveAspectRatio="none" role="img"
            aria-label=(words::tr!("{} in 24 hours, at most {} in one", number(sum), number(most.min(sum)))) {
            line x1="0" x2=(bars.len() * width) y1=(TALL) y2=(TALL) {}
            @for (at, bar) in bars.iter().enumerate() {
                @if *bar > 0 {
                    @let height = (bar * TALL / most).max(2);
                    rect x=(at * width) y=(TALL - height) width=(width - 1) height=(height) {
                        title { (when::time(since + i64::try_from(at).unwrap_or(0) * 3_600_000)) ": " (number(*bar)) }
                    }
                }
            }
        }
    }
}

/// What is there is seen, however little it is.
fn tall(bar: i64, most: i64) -> usize {
    let tall = (bar as f64 / most as f64 * HEIGHT as f64).round();
    // Within the chart by its making.
    (tall as usize).clamp(3, HEIGHT)
}

/// Parts of a whole as one bar, with their names and numbers below it.
pub(crate) fn whole(parts: &[(&'static str, u64)]) -> Markup {
    let sum: u64 = parts.iter().map(|(_, count)| count).sum();
    let mut at = 0.0;
    let share = |count: u64| count as f64 / sum.max(1) as f64 * WIDTH as f64;
    html! {
        svg .books viewBox=(format!("0 0 {WIDTH} 24")) preserveAspectRatio="none" role="img" aria-hidden="true" {
            @for (name, count) in parts.iter().filter(|(_, count)| *count > 0) {
                @let x = { let x = at; at += share(*count); x };
                rect class=(class(name)) x=(format!("{x:.1}")) y="0" width=(format!("{:.1}", share(*count).max(3.0))) height="24" {}
            }
        }
        ul .legend {
            @for (name, count) in parts.iter().filter(|(_, count)| *count > 0) {
                li class=(class(name)) { span { (words::said(name)) } strong { (number(*count)) } }
            }
        }
    }
}

fn class(name: &str) -> String {
    format!("part-{}", name.replace(' ', "-"))
}
