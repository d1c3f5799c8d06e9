//! What a call's arguments repeat of what its run read: passages, wordings, codes and secrets.

use super::{Evidence, Judge, Tie, trace::Trace};
use crate::{
    flow::{
        class::Class,
        reading::Naming,
        sink::{Destination, Leaf, Role, rot13},
        token::{Kind, is_web},
        wording,
    },
    label::Confidentiality,
};

/// Digits of a number that tells something wherever it stands.
const NUMBER_DIGITS_MIN: usize = 3;

impl Trace<'_> {
    /// Whether the call changes a file of the user's own: what it replaces there is what stood there. The
    /// names of arguments are the server's word, so they count for a tool alone of which a person said
    /// that it sends nothing.
    fn edits_file(&self) -> bool {
        let classes = self.sink.classes;
        classes.has(Class::StateChange)
            && !classes.has(Class::Egress)
            && self.arguments.leaves.iter().any(|leaf| leaf.file)
    }

    /// What arguments repeat of what the run read.
    pub(super) fn overlaps(&self, ties: &mut Vec<Tie>) {
        let run = self.judge.run;
        if run.prints.is_empty() {
            return;
        }
        let edits_file = self.edits_file();
        for (leaf, reading) in self.arguments.contents() {
            if leaf.old && edits_file {
                continue;
            }
            let Ok(prints) = self.judge.digester.prints(&reading, usize::MAX) else { continue };
            let mut sources: Vec<u16> =
                prints.iter().filter_map(|print| run.prints.get(print).copied()).collect();
            sources.sort_unstable();
            sources.dedup();
            ties.extend(sources.into_iter().map(|source| Tie {
                evidence: Evidence::Overlap,
                source,
                place: format!("`{}` repeats text of", leaf.pointer),
            }));
        }
    }

    /// Codes of another server's text that is not everybody's: a door's number is too short for prints.
    pub(super) fn codes(&self, ties: &mut Vec<Tie>) {
        let Judge { run, digester, .. } = *self.judge;
        if run.prints.is_empty() || self.edits_file() {
            return;
        }
        let told = |(source, number): &(u16, bool)| {
            let least = match number {
                true => Confidentiality::Internal,
                false => Confidentiality::Private,
            };
            run.sources.get(usize::from(*source)).is_some_and(|source| {
                source.label.confidentiality >= least && *source.server != *self.sink.server
            })
        };
        for leaf in self.arguments.leaves.iter().filter(|leaf| leaf.role == Role::Text) {
            let codes = wording::codes(digester, &leaf.text).into_iter();
            let strange =
                codes.filter(|code| !run.tokens.get(&code.whole).is_some_and(|it| it.own));
            let known =
                strange.filter_map(|code| Some((run.prints.get(&code.print)?, code.number)));
            let known = known.map(|(source, number)| (*source, number)).find(told);
            let place = format!("`{}` holds a code of", leaf.pointer);
            ties.extend(known.map(|(source, _)| Tie { evidence: Evidence::Code, source, place }));
        }
    }

    /// Arguments that are, word for word, what running text says, and that the agent did not say before.
    pub(super) fn worded(&self, ties: &mut Vec<Tie>) {
        let of = |leaf: &Leaf| {
            let place = format!("`{}` is, word for word, in", leaf.pointer);
            self.says(leaf).map(|source| Tie { evidence: Evidence::Worded, source, place })
        };
        ties.extend(self.arguments.leaves.iter().filter_map(of));
    }

    /// The text that holds an argument word for word, if it was not the agent who said it first.
    pub(super) fn says(&self, leaf: &Leaf) -> Option<u16> {
        let Judge { run, digester, .. } = *self.judge;
        let whole = wording::whole(digester, &leaf.text);
        let own = run.tokens.get(&whole).is_some_and(|seen| seen.own);
        let judged =
            |it: &Destination| is_web(it.kind) || matches!(it.kind, Kind::Email | Kind::Account);
        // An address is judged as a destination, a program's text as what it names; and a text that is
        // handed on whole is data.
        let elsewhere = leaf.role == Role::Code
            || leaf.file
            || leaf.old && self.edits_file()
            || run.prints.contains_key(&whole)
            || self.arguments.of_leaf(leaf).iter().any(judged);
        if own || elsewhere || run.prints.is_empty() {
            return None;
        }
        let held = |text: &str| {
            let wanted = wording::of_argument(digester, text, leaf.names)?;
            let sources = wanted.iter().map(|it| run.prints.get(it).copied());
            sources.collect::<Option<Vec<u16>>>()
        };
        let source = |index: &u16| run.sources.get(usize::from(*index));
        let sources = held(&leaf.text).or_else(|| held(&rot13(&leaf.text)))?;
        let worst =
            sources.into_iter().max_by_key(|it| source(it).map(|source| source.label.integrity))?;
        // Small numbers stand everywhere; those of another server say nothing of this one's.
        let small = leaf.text.trim_start_matches('#').len() < NUMBER_DIGITS_MIN
            && leaf.text.bytes().any(|byte| byte.is_ascii_digit());
        let here = source(&worst).is_some_and(|source| *source.server == *self.sink.server);
        (!small || here).then_some(worst)
    }

    /// Secrets that were taken out of what the run read, and stand in the call all the same.
    pub(super) fn secrets(&self, ties: &mut Vec<Tie>) {
        let run = self.judge.run;
        if !run.secrets {
            return;
        }
        for (leaf, reading) in self.arguments.readings() {
            let known = |part: u64| match run.tokens.get(&part)?.named {
                Some((Naming::Secret, source)) => Some(source),
                _ => None,
            };
            if let Some(source) = self.judge.digester.secret(&reading).find_map(known) {
                let place = format!("`{}` holds a secret that was taken out of", leaf.pointer);
                ties.push(Tie { evidence: Evidence::Secret, source, place });
            }
        }
    }
}
