//! The table of medians on stdout.

use crate::{
    arguments::Setting,
    record::{Figures, Place},
    terminal,
};

/// Prints one line per place, grouped by payload and concurrency.
pub(crate) fn print(setting: &Setting, summary: &[(Place, Result<Figures, String>)]) {
    terminal::line(format!(
        "\nmedians of {} runs, {} s a place; upstream: {}",
        setting.runs, setting.seconds, setting.upstream
    ));
    let width = summary.iter().map(|(place, _)| place.target.len()).max().unwrap_or(0);
    let mut group = None;
    for (place, figures) in summary {
        if group != Some((place.payload, place.concurrency)) {
            group = Some((place.payload, place.concurrency));
            terminal::line(format!("\n{} B, {} at once", place.payload, place.concurrency));
            terminal::line(format!(
                "  {:width$} {:6} {:>9} {:>6} {:>9} {:>8} {:>9} {:>8} {:>8} {:>8} {:>7} {:>7}",
                "target",
                "era",
                "calls/s",
                "ratio",
                "p50 ms",
                "added",
                "p99 ms",
                "gate µs",
                "serv µs",
                "gen µs",
                "gate MB",
                "serv MB"
            ));
        }
        terminal::line(format!(
            "  {:width$} {:6} {}",
            place.target,
            place.era.name(),
            columns(figures)
        ));
    }
}

fn columns(figures: &Result<Figures, String>) -> String {
    let one = match figures {
        Ok(figures) => figures,
        Err(error) => return format!("FAILED: {error}"),
    };
    let maybe = |value: Option<f64>, digits: usize| {
        value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let again = match one.sent_again {
        0.0 => String::new(),
        count => format!(" ({count:.0} calls sent again)"),
    };
    format!(
        "{:9.0} {:>6} {:9.3} {:>8} {:9.3} {:8.1} {:8.1} {:8.1} {:7.1} {:7.1}{again}",
        one.rate,
        maybe(one.ratio, 2),
        one.p50,
        maybe(one.added, 3),
        one.p99,
        one.cpu[0],
        one.cpu[1],
        one.cpu[2],
        one.resident[0],
        one.resident[1]
    )
}
