//! Whether an answer is right. Every one is compared byte for byte with what was sent; now and then one is also
//! parsed, since bytes in the right order do not prove that the JSON around them holds.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::request::{MARK, digits};

/// How often an answer is parsed: the first call of each caller, and then every so many.
pub(crate) const PARSE_EVERY: u32 = 1_000;

/// Checks that the body answers the call with this id and holds the whole text that was sent.
pub(crate) fn check(status: u16, body: &[u8], id: u32, filler: &[u8]) -> anyhow::Result<()> {
    ensure!(status == 200, "status {status}: {}", excerpt(body));
    let digits = digits(id);
    let mut sent = [b' '; MARK.len() + 10];
    sent[..MARK.len()].copy_from_slice(MARK.as_bytes());
    sent[MARK.len()..MARK.len() + 9].copy_from_slice(&digits);
    let Some(start) = find(body, &sent) else {
        bail!("the answer lacks the text of its call: {}", excerpt(body));
    };
    let (before, rest) = body.split_at(start);
    let Some(after) = rest[sent.len()..].strip_prefix(filler) else {
        bail!("the answer holds another text than was sent: {}", excerpt(body));
    };
    let mut member = *b"\"id\":000000000";
    member[5..].copy_from_slice(&digits);
    ensure!(
        find(after, &member).is_some() || find(before, &member).is_some(),
        "the answer lacks its id: {}",
        excerpt(body)
    );
    let failed = b"\"isError\":true";
    ensure!(
        find(after, failed).is_none() && find(before, failed).is_none(),
        "the tool failed: {}",
        excerpt(body)
    );
    Ok(())
}

/// Checks the same on the parsed answer: a block of text holds what was sent, and no error is marked.
pub(crate) fn check_parsed(body: &[u8], id: u32, filler: &str) -> anyhow::Result<()> {
    let message = message(body, id)?;
    let result = message.get("result").with_context(|| format!("no result: {message}"))?;
    ensure!(result.get("isError") != Some(&Value::Bool(true)), "the tool failed: {result}");
    let sent = format!("{MARK}{id} {filler}");
    let blocks = result["content"].as_array().context("the result has no content")?;
    let echoed = blocks.iter().filter_map(|block| block["text"].as_str());
    ensure!(echoed.into_iter().any(|text| text.contains(&sent)), "no block holds what was sent");
    Ok(())
}

/// The JSON-RPC message with this id, from a JSON body or from a stream of events.
pub(crate) fn message(body: &[u8], id: u32) -> anyhow::Result<Value> {
    if let Ok(message) = serde_json::from_slice::<Value>(body) {
        return Ok(message);
    }
    body.split(|&byte| byte == b'\n')
        .filter_map(|line| line.strip_prefix(b"data:"))
        .filter_map(|data| serde_json::from_slice::<Value>(data).ok())
        .find(|message| message["id"] == id)
        .with_context(|| format!("no message with id {id}: {}", excerpt(body)))
}

/// The beginning of a body, to be shown in an error.
pub(crate) fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned()
}

/// The first place of `needle` in `bytes`.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
