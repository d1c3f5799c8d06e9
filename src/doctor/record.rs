//! Whether the record holds.

use super::{Check, Finding, Patient};
use crate::audit::verify;

pub(super) const CHECK: Check = Check { name: "record", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let folder = patient.journal();
    if !folder.exists() {
        let what = format!("there is no record yet in `{}`", folder.display());
        return vec![Finding::note(what, "none: the first call makes it")];
    }
    let report = match verify(&folder) {
        Ok(report) => report,
        Err(error) => {
            let what = format!("the record cannot be read: {error}");
            return vec![Finding::weak(what, "ask as the gateway's user, or as root")];
        }
    };
    let mut found = Vec::new();
    if let Some(bad) = &report.first_bad {
        let what = format!(
            "record {} at {}:{} does not hold: {}",
            bad.seq, bad.segment, bad.line, bad.reason
        );
        let mend = "keep the folder as it is, find out who wrote there, and set `audit.folder` to \
            a new one";
        found.push(Finding::weak(what, mend));
    }
    // While a gateway writes, half a record at the end is one just being written.
    if report.torn && patient.running.is_none() {
        let what = "the last record was not fully written; it was never acknowledged";
        found.push(Finding::note(what, "none: the next start sets it aside"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::{
        audit::{Disposition, Entry, Fields, Journal, Options},
        doctor::{Weight, fixture::Ward},
    };

    async fn written(ward: &Ward) {
        let journal = Journal::open(&ward.path("state/audit"), Options::default()).expect("open");
        for request in ["req_1", "req_2"] {
            let mut bytes = Vec::new();
            let fields = Fields { request, ..Fields::default() };
            Entry::decision(Disposition::Allowed, fields).write(&mut bytes);
            journal.append(bytes).await.expect("appended");
        }
    }

    #[tokio::test]
    async fn a_whole_record_is_well_and_an_altered_one_is_named() {
        let whole = Ward::new("");
        written(&whole).await;
        assert_eq!(examine(&whole.patient()), []);

        let altered = Ward::new("");
        written(&altered).await;
        let path = altered.path("state/audit/000001.jsonl");
        let text = std::fs::read_to_string(&path).expect("the first segment");
        std::fs::write(&path, text.replacen("req_2", "req_3", 1)).expect("written");
        let found = examine(&altered.patient());
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert!(finding.weight == Weight::Weak && finding.what.contains("000001.jsonl:2"));
    }

    #[test]
    fn no_record_yet_is_a_note() {
        let found = examine(&Ward::new("").patient());
        assert_eq!(found.first().map(|it| it.weight), Some(Weight::Note));
    }
}
