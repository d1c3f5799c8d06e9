//! The dashboard and the alerts name what the gateway counts, and nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    Gateway,
    raw::{Raw, tool},
};

const DASHBOARD: &str = include_str!("../../integrations/grafana/bartizan.json");
const ALERTS: &str = include_str!("../../integrations/prometheus/alerts.yml");
const PAGE: &str = include_str!("../../docs/operations/running.md");

/// Names of metrics in a text, without what a histogram adds.
fn names(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_lowercase() || c == '_');
    let words = text.split(word).filter(|word| word.starts_with("bartizan_"));
    words.map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

#[tokio::test]
async fn every_metric_that_dashboard_and_alerts_name_is_there() {
    let raw = Raw::start(vec![tool("t")]).await;
    let gateway = Gateway::start(&format!("[upstreams.r]\n{}\n", raw.url)).await;
    gateway.modern().await.call("r__t", json!({})).await;
    let text = gateway.wire.get("/metrics").await.text().await;
    let heads = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let counted: BTreeSet<String> =
        heads.filter_map(|head| head.split(' ').next()).map(str::to_owned).collect();
    for (what, used) in [("dashboard", names(DASHBOARD)), ("alerts", names(ALERTS))] {
        let unknown: Vec<_> = used.difference(&counted).collect();
        assert!(!used.is_empty() && unknown.is_empty(), "{what} names {unknown:?}");
    }
    let rows = PAGE.lines().filter(|line| line.starts_with("| `bartizan_"));
    let documented = names(&rows.collect::<Vec<_>>().join("\n"));
    assert_eq!(documented, counted, "the page and the gateway");
    gateway.end().await;
}

#[test]
fn the_dashboard_can_be_read_and_every_alert_says_what_to_do() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    assert!(panels.iter().all(|panel| panel["targets"][0]["expr"].is_string()));
    let ids: BTreeSet<i64> = panels.iter().filter_map(|panel| panel["id"].as_i64()).collect();
    assert_eq!(ids.len(), panels.len(), "ids are drawn once");
    let count = |words: &str| ALERTS.matches(words).count();
    let alerts = count("- alert: ");
    assert!(alerts >= 10);
    for key in ["expr: ", "labels: ", "summary: ", "action: "] {
        assert_eq!(count(key), alerts, "{key}");
    }
}
