//! `bartizan doctor`: looks at an installation from outside and says what is weak, each with the
//! mend. It changes nothing. One more check is one file below and one line in [`CHECKS`].

mod access;
mod approvers;
mod blind_spots;
mod bypass;
mod development;
mod files;
mod listener;
mod observe;
mod patient;
mod pins;
mod record;
mod running;
mod secrets;
mod upstreams;
mod user;

#[cfg(test)]
mod fixture;

use std::fmt;

use serde::Serialize;

pub use patient::{Patient, Running};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Worth knowing; nothing to mend, or nothing that can be told from here.
    Note,
    /// A door that does not protect as it could.
    Weak,
}

/// One thing that was found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    pub weight: Weight,
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Finding {
    pub fn weak(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { weight: Weight::Weak, what: what.into(), mend: mend.into() }
    }

    pub fn note(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { weight: Weight::Note, what: what.into(), mend: mend.into() }
    }
}

/// One look at an installation.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// For programs; never changes.
    pub name: &'static str,
    pub examine: fn(&Patient) -> Vec<Finding>,
}

/// Every check, in the order of the report.
pub const CHECKS: [Check; 14] = [
    running::CHECK,
    user::CHECK,
    approvers::CHECK,
    development::CHECK,
    access::CHECK,
    observe::CHECK,
    listener::CHECK,
    files::CHECK,
    secrets::CHECK,
    bypass::CHECK,
    blind_spots::CHECK,
    upstreams::CHECK,
    pins::CHECK,
    record::CHECK,
];

/// What all checks found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub checks: Vec<Examined>,
}

/// What one check found.
#[derive(Debug, Serialize)]
pub struct Examined {
    pub check: &'static str,
    pub findings: Vec<Finding>,
}

/// Runs every check.
pub fn examine(patient: &Patient) -> Report {
    let run = |check: &Check| Examined { check: check.name, findings: (check.examine)(patient) };
    Report { checks: CHECKS.iter().map(run).collect() }
}

impl Report {
    /// Whether anything is weak.
    pub fn is_weak(&self) -> bool {
        self.count(Weight::Weak) > 0
    }

    fn count(&self, weight: Weight) -> usize {
        let findings = self.checks.iter().flat_map(|examined| &examined.findings);
        findings.filter(|finding| finding.weight == weight).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for examined in &self.checks {
            for finding in &examined.findings {
                let word = if finding.weight == Weight::Weak { "weak" } else { "note" };
                writeln!(f, "{word}  {}: {}", examined.check, shown(&finding.what))?;
                writeln!(f, "      mend: {}", shown(&finding.mend))?;
            }
        }
        let well: Vec<&str> =
            self.checks.iter().filter(|it| it.findings.is_empty()).map(|it| it.check).collect();
        if !well.is_empty() {
            writeln!(f, "well  {}", well.join(", "))?;
        }
        write!(f, "\n{} weak, {} to note.", self.count(Weight::Weak), self.count(Weight::Note))
    }
}

/// Names come from clients' files and from tool servers: nothing in them may fool a terminal.
fn shown(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if c.is_control() || (!c.is_ascii() && !c.is_alphanumeric()) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::{CHECKS, Examined, Finding, Report, examine, fixture::Ward};

    #[test]
    fn every_check_has_a_name_of_its_own() {
        for (index, check) in CHECKS.iter().enumerate() {
            assert!(CHECKS.iter().skip(index + 1).all(|other| other.name != check.name));
        }
    }

    #[test]
    fn a_bare_installation_is_weak_and_every_finding_has_a_mend() {
        let report = examine(&Ward::new("").patient());
        assert!(report.is_weak());
        let findings: Vec<&Finding> = report.checks.iter().flat_map(|it| &it.findings).collect();
        assert!(findings.iter().all(|it| !it.what.is_empty() && !it.mend.is_empty()));
    }

    #[test]
    fn a_note_alone_is_not_weak_and_names_cannot_fool_a_terminal() {
        let finding = Finding::note("server `\u{1b}[2Jx\u{202e}`", "none");
        let report = Report { checks: vec![Examined { check: "x", findings: vec![finding] }] };
        assert!(!report.is_weak());
        assert!(report.to_string().contains("\\u{1b}[2Jx\\u{202e}"), "{report}");
    }
}
