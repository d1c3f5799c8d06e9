//! The guides of those who scan and write rules, run as they stand: a block with a file name is that
//! file, a line with `$` is a command, and what follows it must be in its output, in this order.

use std::path::Path;

use tokio::process::Command;

use crate::support::{
    gateway,
    process::bartizan,
    program::{Ran, write},
};

/// A fenced block: what it is called, and its lines.
struct Block {
    language: String,
    file: Option<String>,
    lines: Vec<String>,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in guide.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(head), None) => {
                let mut words = head.split(' ').map(str::to_owned);
                let language = words.next().unwrap_or_default();
                open = Some(Block { language, file: words.next(), lines: Vec::new() });
            }
            (None, Some(mut block)) => {
                block.lines.push(line.to_owned());
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The commands of a block, each with the lines that it must print.
fn commands(block: &Block) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in &block.lines {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
            (None, Some((_, output))) => output.push(line.clone()),
            (None, None) => panic!("output without a command: {line}"),
        }
    }
    commands
}

async fn shell(folder: &Path, command: &str) -> Ran {
    let programs = bartizan().parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).kill_on_drop(true);
    shell.env("PATH", format!("{programs}:{path}")).env("HOME", folder);
    shell.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
    Ran::of(shell.output().await.expect("it runs"))
}

/// Whether the line has every part of what is expected, in its order; `…` stands for anything.
fn fits(line: &str, expected: &str) -> bool {
    let mut rest = line;
    expected.split('…').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

async fn comes_true(guide: &str) {
    let folder = gateway::folder();
    let blocks = blocks(guide);
    for block in &blocks {
        if let Some(file) = &block.file {
            write(folder.path(), file, &format!("{}\n", block.lines.join("\n")));
        }
    }
    let mut ran = 0;
    for block in blocks.iter().filter(|block| block.language == "console") {
        for (command, expected) in commands(block) {
            let output = shell(folder.path(), &command).await;
            ran += 1;
            let mut lines = output.out.lines();
            for line in &expected {
                let found = lines.any(|printed| fits(printed, line));
                assert!(found, "$ {command}\nlacks `{line}`: {output:?}");
            }
            assert!(!expected.is_empty() || output.code == Some(0), "$ {command}\n{output:?}");
        }
    }
    assert!(ran >= 5, "only {ran} commands were found");
}

#[tokio::test]
async fn the_guide_to_scanning_comes_true() {
    comes_true(include_str!("../../docs/guides/scan.md")).await;
}

#[tokio::test]
async fn the_guide_from_an_incident_to_a_rule_comes_true() {
    comes_true(include_str!("../../docs/guides/rules.md")).await;
}
