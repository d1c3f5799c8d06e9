//! The law of rule files: any bytes are a ruleset or are told why not, at a place inside them. What
//! compiles, compiles again to the same, and reads any text.

use bartizan::firewall::{Budget, Ruleset, Source, Surface, ruleset::lint};

/// Longer files only take longer: the search should try many short ones.
const BYTES_MAX: usize = 16 * 1024;

pub(crate) fn holds(data: &[u8]) {
    if data.len() > BYTES_MAX {
        return;
    }
    let source = match Source::from_bytes("rules.toml", data.to_vec()) {
        Ok(source) => source,
        Err(fault) => return assert!(fault.render().contains("rules.toml")),
    };
    let lines = source.text.split('\n').count();
    for told in lint::lint(std::slice::from_ref(&source)) {
        assert!((1..=lines).contains(&told.line), "line {} of {lines}", told.line);
        assert!(told.render().contains(&told.code.name().to_owned()));
    }
    match Ruleset::compile(std::slice::from_ref(&source)) {
        Err(faults) => assert!(!faults.is_empty(), "refused without a reason"),
        Ok(rules) => reads(&rules, &source),
    }
}

fn reads(rules: &Ruleset, source: &Source) {
    let again = Ruleset::compile(std::slice::from_ref(source)).expect("it compiled before");
    assert_eq!(rules.digest(), again.digest());
    for surface in Surface::ALL {
        let mut findings = Vec::new();
        let mut budget = Budget::for_message(source.text.len());
        // Whether it is read to its end is the budget's; each finding lies in the text all the same.
        let _ended = rules.scan(surface, &source.text, &mut budget, &mut findings);
        for found in findings {
            assert!(source.text.get(found.span.clone()).is_some(), "{found:?}");
        }
    }
}
