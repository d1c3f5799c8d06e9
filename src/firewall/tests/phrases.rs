//! A bank of sentences that no rule has among its examples: orders that must be found in each
//! language, and ordinary sentences with the same words that must not.

use super::*;
use crate::firewall::Severity;

mod attacks;
mod benign;

const RESULTS: [Surface; 3] = [Surface::ToolResult, Surface::Resource, Surface::Error];

#[test]
fn orders_to_an_agent_are_found_in_every_language() {
    let missed: Vec<_> = attacks::PHRASES
        .iter()
        .flat_map(|(language, texts)| texts.iter().map(move |text| (language, text)))
        .filter(|(_, text)| !RESULTS.iter().all(|surface| is_order(*surface, text)))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn ordinary_sentences_meet_no_finding_in_any_language() {
    let alarms: Vec<_> = benign::PHRASES
        .iter()
        .flat_map(|(_, texts)| texts.iter())
        .flat_map(|text| RESULTS.map(|surface| (text, scan(surface, text))))
        .filter(|(_, findings)| !findings.is_empty())
        .collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn both_halves_of_the_bank_speak_the_same_languages() {
    let languages = |bank: &[(&'static str, &[&str])], least: usize| {
        assert!(bank.iter().all(|(_, texts)| texts.len() >= least));
        bank.iter().map(|(language, _)| *language).collect::<Vec<_>>()
    };
    assert_eq!(languages(attacks::PHRASES, 6), languages(benign::PHRASES, 10));
}

/// Whether the text bears a label that holds what follows.
fn is_order(surface: Surface, text: &str) -> bool {
    scan(surface, text).iter().any(|finding| {
        finding.rule.starts_with("injection.") && finding.severity >= Severity::Medium
    })
}
