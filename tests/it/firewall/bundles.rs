//! Rules arrive signed and numbered; whatever else arrives changes nothing.

use std::path::Path;

use serde_json::json;

use crate::support::{
    Era, Gateway, eventually,
    gateway::folder,
    process::bartizan,
    raw::{Raw, tool},
};

/// A rule that blocks one word in arguments.
fn rule(word: &str) -> String {
    include_str!("canary.toml").replace("canarybird", word).replace("canary bird", "nothing")
}

/// Runs a command in a folder and gives what it said.
async fn says(folder: &Path, words: &[&str]) -> (bool, String) {
    let mut command = tokio::process::Command::new(bartizan());
    let output = command.args(words).current_dir(folder).output().await.expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("text"))
}

/// Packs and signs a bundle of one rule.
async fn publish(folder: &Path, word: &str, sequence: &str, key: &str) {
    let rules = folder.join(format!("rules-{sequence}"));
    std::fs::create_dir_all(&rules).expect("a folder");
    std::fs::write(rules.join("own.toml"), rule(word)).expect("written");
    let out = format!("{sequence}.tmp");
    let rules = rules.display().to_string();
    let pack = ["bundle", "pack", &rules, "--name", "own", "--sequence", sequence, "--out", &out];
    let (packed, said) = says(folder, &pack).await;
    assert!(packed && said.contains("not signed yet"), "{said}");
    let (signed, said) = says(folder, &["bundle", "sign", &out, "--key", key]).await;
    assert!(signed, "{said}");
    let published = folder.join("published").join(format!("{sequence}.bundle"));
    std::fs::rename(folder.join(out), published).expect("published");
}

/// Makes a key and gives its public half.
async fn key(folder: &Path, name: &str) -> String {
    let (made, said) = says(folder, &["bundle", "key", "--out", name]).await;
    assert!(made, "{said}");
    let (_, digits) = said.split_once("keys = [\"").expect("printed");
    digits.chars().take(64).collect()
}

#[tokio::test]
async fn a_new_bundle_is_taken_over_and_a_bad_one_is_not() {
    let raw = Raw::start(vec![tool("t")]).await;
    let folder = folder();
    let path = folder.path().to_owned();
    std::fs::create_dir(path.join("published")).expect("a folder");
    let public = key(&path, "own.key").await;
    key(&path, "other.key").await;
    publish(&path, "firstword", "1", "own.key").await;
    let text = format!(
        "[firewall]\nupgrades = \"enforce\"\n[firewall.bundle]\nfrom = \"published\"\nkeys = [\"{public}\"]\nevery_s = 1\n[upstreams.r]\n{}\n",
        raw.url
    );
    let gateway = Gateway::start_in(folder, &text, true).await;
    let client = gateway.client(Era::Modern);
    let blocks = async |word: &str| {
        let answer = client.call("r__t", json!({"a": word})).await;
        answer["result"]["_meta"]["dev.bartizan/refusal"]["code"] == "blocked"
    };
    assert!(blocks("firstword").await && !blocks("secondword").await);

    publish(&path, "secondword", "2", "own.key").await;
    eventually("the second bundle is in force", async || {
        (blocks("secondword").await && !blocks("firstword").await).then_some(())
    })
    .await;

    // Signed by a stranger, older, and broken ones: what was taken last stays.
    publish(&path, "thirdword", "3", "other.key").await;
    publish(&path, "zerothword", "0", "own.key").await;
    std::fs::write(path.join("published/9.bundle"), b"garbage").expect("written");
    let (pulled, said) = gateway.command(&["bundle", "pull"]).await;
    assert!(pulled && said.contains("sequence 2"), "{said}");
    assert!(blocks("secondword").await && !blocks("thirdword").await);

    // Offline, the last good one is there after a restart.
    std::fs::remove_dir_all(path.join("published")).expect("removed");
    let gateway = gateway.restart().await;
    let client = gateway.client(Era::Modern);
    let answer = client.call("r__t", json!({"a": "secondword"})).await;
    assert_eq!(answer["result"]["_meta"]["dev.bartizan/refusal"]["code"], "blocked", "{answer}");
    let (known, said) = gateway.command(&["bundle", "status"]).await;
    assert!(known && said.contains("own 0.0.0, sequence 2"), "{said}");
    gateway.end().await;
}

#[tokio::test]
async fn a_bundle_is_checked_before_it_is_published() {
    let folder = folder();
    let path = folder.path();
    std::fs::create_dir(path.join("published")).expect("a folder");
    let public = key(path, "own.key").await;
    publish(path, "firstword", "1", "own.key").await;
    let verify = ["bundle", "verify", "published/1.bundle", "--key", &public];
    let (holds, said) = says(path, &verify).await;
    assert!(holds && said.contains("own 0.0.0, sequence 1: 1 files beside"), "{said}");
    let other = key(path, "other.key").await;
    let verify = ["bundle", "verify", "published/1.bundle", "--key", &other];
    let (holds, said) = says(path, &verify).await;
    assert!(!holds && said.contains("B0006"), "{said}");

    let rules = path.join("rules");
    std::fs::create_dir(&rules).expect("a folder");
    let broken = rule("firstword").replace("an example", "x").replace("a firstword", "a word");
    std::fs::write(rules.join("own.toml"), broken).expect("written");
    let (packed, said) = says(path, &["bundle", "pack", "rules", "--name", "own"]).await;
    assert!(!packed && said.contains("R0013") && said.contains("own.toml:14"), "{said}");
}
