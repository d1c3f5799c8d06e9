//! What the tests are told with: gateways, tool servers, clients and records that read like use.

pub(crate) mod client;
pub(crate) mod fixture;
pub(crate) mod gateway;
pub(crate) mod issuer;
pub(crate) mod onnx;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod raw;
pub(crate) mod record;
pub(crate) mod wire;

use std::time::Duration;

pub(crate) use client::{Client, Era};
pub(crate) use fixture::{Fixture, everything};
pub(crate) use gateway::Gateway;
pub(crate) use wire::Wire;

/// Longer than anything takes that works, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `look` finds something; for states that nobody announces.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("this never happened: {what}"))
}

/// Whether a process lives; one that is dead but not yet reaped doesn't.
pub(crate) fn lives(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// One figure of a process's status, such as `VmRSS` or `VmHWM`, in kilobytes.
pub(crate) fn kilobytes(pid: u32, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with(figure)).expect("a figure");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("kilobytes")
}

/// The processes whose parent is `pid`.
pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let each = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    each.flat_map(|text| {
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
    })
    .collect()
}

/// The texts of a result's content blocks, without the gateway's fence.
pub(crate) fn texts(response: &serde_json::Value) -> Vec<&str> {
    let blocks = response["result"]["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = blocks.iter().filter_map(|block| block["text"].as_str());
    texts.filter(|text| !is_fence(text)).collect()
}

fn is_fence(text: &str) -> bool {
    text.starts_with("[UNTRUSTED TOOL DATA id=") || text.starts_with("[END ")
}

/// All that a model would read of a response.
pub(crate) fn said(response: &serde_json::Value) -> String {
    match &response["error"]["message"] {
        serde_json::Value::String(message) => message.clone(),
        _ => texts(response).join("\n"),
    }
}
