//! Verifies rules in one view: the filter finds literals, and only their owners are asked, where a
//! match with the literal would begin or in a window around it.

use std::ops::Range;
use std::sync::Arc;

use super::super::finding::{Confidence, Finding, View};
use super::super::pattern::{Required, Text};
use super::super::ruleset::{Branch, Compiled, Side};
use super::super::unicode;
use super::super::verdict::Action;
use super::scratch::{Note, Scratch};
use super::{Incomplete, Locate, Scan};

/// How far to each side of a literal a rule is verified at first, in bytes.
const WINDOW_BYTES: usize = 1024;
/// How far apart literals of one match may be, in bytes.
const APART_BYTES_MAX: usize = 2 * WINDOW_BYTES;
/// How far a match that reaches the end of its window is followed, in bytes.
const FOLLOW_BYTES_MAX: usize = 64 * 1024;
/// What a try at one place is reckoned at, in bytes. Most end after a few, some read a window.
const TRY_BYTES: usize = 128;
/// Bytes that a rule verifies of every text in any case.
const VERIFIED_BYTES_MIN: usize = 128 * 1024;
/// Id of the finding that names a rule which was cut off.
const CUT: &str = "scan.rule-budget";

impl<'a> Scan<'a> {
    /// Reads one view to its end.
    pub(super) fn view(
        &mut self,
        view: View,
        text: &str,
        locate: Locate<'_>,
    ) -> Result<(), Incomplete> {
        self.budget.spend_bytes(text.len())?;
        let branches = self.ruleset.side(self.surface.direction()).branches.len();
        let mut scratch = Scratch::take(branches);
        let read = self.read(&mut scratch, &Reading { view, text: Text::new(text), locate });
        scratch.keep();
        read
    }

    fn read(&mut self, scratch: &mut Scratch, reading: &Reading<'_>) -> Result<(), Incomplete> {
        let side = self.ruleset.side(self.surface.direction());
        side.prefilter.scan(reading.text.text, |owner, hit| {
            let Some(asked) = self.asked(side, owner.branch, reading) else { return Ok(()) };
            let Some(note) = scratch.note(owner.branch) else { return Ok(()) };
            self.hit(&asked, owner.set, hit, note, reading)
        })?;
        for index in &side.literal_free {
            let Some(asked) = self.asked(side, *index, reading) else { continue };
            let Some(note) = scratch.note(*index) else { continue };
            self.literal_free(&asked, note, reading)?;
        }
        let mut place = 0;
        while let Some(index) = scratch.touched(place) {
            place += 1;
            let Some(asked) = self.asked(side, index, reading) else { continue };
            let Some(note) = scratch.note(index) else { continue };
            let rest = std::mem::take(&mut note.window);
            self.verify(&asked, rest, note, reading)?;
        }
        self.signals(side, reading)
    }

    /// The rule of a branch, if it runs in the reading and can match there.
    fn asked(&self, side: &Side, branch: usize, reading: &Reading<'_>) -> Option<Asked<'a>> {
        let Branch { rule, place } = *side.branches.get(branch)?;
        let (rule, action) = self.ruleset.reading(rule, self.surface, reading.view)?;
        let sets = rule.pattern.branches.get(place).map_or(&[][..], Vec::as_slice);
        rule.pattern.reads(reading.text).then_some(Asked { rule, action, sets })
    }

    /// Asks the rules that look at characters and have no pattern.
    fn signals(&mut self, side: &Side, reading: &Reading<'_>) -> Result<(), Incomplete> {
        if side.signals.is_empty() || reading.text.ascii {
            return Ok(());
        }
        let ruleset = self.ruleset;
        for index in &side.signals {
            let found = ruleset.reading(*index, self.surface, reading.view);
            let Some((rule, action)) = found else { continue };
            for span in unicode::find(rule.signals(), reading.text.text) {
                if let Some(confidence) = rule.judge(reading.text, &span) {
                    let span = (reading.locate)(&span);
                    self.record(
                        &Asked { rule, action, sets: &[] },
                        confidence,
                        reading.view,
                        span,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Asks a rule about a literal of its own.
    fn hit(
        &mut self,
        asked: &Asked<'_>,
        set: usize,
        hit: Range<usize>,
        note: &mut Note,
        reading: &Reading<'_>,
    ) -> Result<(), Incomplete> {
        let sets = asked.sets;
        let Some(required) = sets.get(set) else { return Ok(()) };
        if !followed(required, &hit, reading) {
            return Ok(());
        }
        let ascii = reading.text.ascii;
        let complete = note.sees(sets, set, hit.start, ascii);
        // With many literals in a text, one pass over the windows is cheaper than a try at each.
        let tries = note.window.is_empty() && note.verified <= reading.text.text.len();
        if let Some(starts) = sets.iter().find(|set| set.starts(ascii)).filter(|_| tries) {
            let passed = match std::ptr::eq(starts, required) {
                true if complete => Some(hit.clone()),
                true => note.wait(hit.clone()),
                false => None,
            };
            // One that waited in vain for long can begin no match.
            let reach = starts.after.of(ascii).min(APART_BYTES_MAX);
            let passed = passed.filter(|passed| passed.end.saturating_add(reach) >= hit.start);
            let waited = note.waited_if(complete);
            for literal in waited.chain(passed) {
                self.try_at(asked, starts, literal, note, reading)?;
            }
            return Ok(());
        }
        if !complete {
            return Ok(());
        }
        let after = required.after.of(ascii).min(WINDOW_BYTES);
        let before = required.before.farthest.of(ascii).min(WINDOW_BYTES);
        // From its end: the white space in it may be of any length.
        let end = hit.end.saturating_add(after);
        self.widen(asked, hit.start.saturating_sub(before)..end, note, reading)
    }

    /// Looks for a match at each place where one with the literal may begin.
    fn try_at(
        &mut self,
        asked: &Asked<'_>,
        required: &Required,
        literal: Range<usize>,
        note: &mut Note,
        reading: &Reading<'_>,
    ) -> Result<(), Incomplete> {
        let text = reading.text.text;
        let earliest =
            literal.start.saturating_sub(required.before.farthest.of(reading.text.ascii));
        let Some(latest) = literal.start.checked_sub(required.before.nearest) else {
            return Ok(());
        };
        let after = required.after.of(reading.text.ascii).min(WINDOW_BYTES);
        let end = literal.end.saturating_add(after).min(text.len());
        for start in earliest.max(note.matched_to)..=latest {
            if !text.is_char_boundary(start) || self.is_cut(asked, start, note, reading)? {
                continue;
            }
            note.verified += TRY_BYTES;
            let find = |end| asked.rule.pattern.find_here(reading.text, start..end);
            if let Some(whole) = follow(text, end, note, find) {
                return self.matched(asked, whole, note, reading);
            }
        }
        Ok(())
    }

    /// Verifies a rule without a literal: around its runs, or everywhere.
    fn literal_free(
        &mut self,
        asked: &Asked<'_>,
        note: &mut Note,
        reading: &Reading<'_>,
    ) -> Result<(), Incomplete> {
        let Some(run) = asked.rule.pattern.run else {
            return self.widen(asked, 0..reading.text.text.len(), note, reading);
        };
        for found in run.find(reading.text.text.as_bytes()) {
            let start = found.start.saturating_sub(run.before.min(WINDOW_BYTES));
            let end = found.end.saturating_add(run.after.min(WINDOW_BYTES));
            self.widen(asked, start..end, note, reading)?;
        }
        Ok(())
    }

    /// Widens the rule's open window, or verifies it and opens the next one.
    fn widen(
        &mut self,
        asked: &Asked<'_>,
        next: Range<usize>,
        note: &mut Note,
        reading: &Reading<'_>,
    ) -> Result<(), Incomplete> {
        let next = next.start..next.end.min(reading.text.text.len());
        if note.window.is_empty() {
            note.window = next;
        } else if next.start <= note.window.end {
            note.window = note.window.start.min(next.start)..note.window.end.max(next.end);
        } else {
            let closed = std::mem::replace(&mut note.window, next);
            return self.verify(asked, closed, note, reading);
        }
        Ok(())
    }

    /// Records every match of the rule that begins in the window.
    fn verify(
        &mut self,
        asked: &Asked<'_>,
        window: Range<usize>,
        note: &mut Note,
        reading: &Reading<'_>,
    ) -> Result<(), Incomplete> {
        let text = reading.text.text;
        let mut start = text.floor_char_boundary(window.start.max(note.matched_to));
        let end = text.ceil_char_boundary(window.end);
        while start < end && !self.is_cut(asked, start, note, reading)? {
            let find = |end| asked.rule.pattern.find(reading.text, start..end);
            let found = follow(text, end, note, find);
            note.verified += found.as_ref().map_or(end, |whole| whole.end.min(end)) - start;
            let Some(whole) = found else { return Ok(()) };
            start = whole.end.max(text.ceil_char_boundary(start + 1));
            self.matched(asked, whole, note, reading)?;
        }
        Ok(())
    }

    /// Takes note of a match, and records it if it passes the rule's checks.
    fn matched(
        &mut self,
        asked: &Asked<'_>,
        whole: Range<usize>,
        note: &mut Note,
        reading: &Reading<'_>,
    ) -> Result<(), Incomplete> {
        note.matched_to = note.matched_to.max(whole.end);
        match accepted(asked.rule, reading.text, whole) {
            Some((span, confidence)) => {
                self.record(asked, confidence, reading.view, (reading.locate)(&span))
            }
            None => Ok(()),
        }
    }

    /// Whether the rule has verified more of this view than it may. What it then has not read counts
    /// as found, and a finding of its own says so.
    fn is_cut(
        &mut self,
        asked: &Asked<'_>,
        from: usize,
        note: &mut Note,
        reading: &Reading<'_>,
    ) -> Result<bool, Incomplete> {
        let text = reading.text.text;
        // Branches share what their rule may verify; each may read a text once, as honest ones do.
        let pattern = &asked.rule.pattern;
        let times = (pattern.verified_max / pattern.branches.len().max(1)).max(1);
        let share = text.len().saturating_mul(times);
        if note.cut || note.verified <= share.max(VERIFIED_BYTES_MIN) {
            return Ok(note.cut);
        }
        note.cut = true;
        let rest = (reading.locate)(&(from..text.len()));
        self.record(asked, asked.rule.confidence, reading.view, rest.clone())?;
        self.budget.spend_finding()?;
        self.findings.push(Finding {
            rule: Arc::from(CUT),
            title: Arc::from(format!("`{}` was stopped before the end of a text", asked.rule.id)),
            severity: asked.rule.severity,
            confidence: Confidence::Low,
            action: Action::Flag,
            view: reading.view,
            span: rest,
        });
        Ok(true)
    }

    /// Adds a finding, or widens the one of an earlier view that it overlaps.
    fn record(
        &mut self,
        Asked { rule, action, .. }: &Asked<'_>,
        confidence: Confidence,
        view: View,
        span: Range<usize>,
    ) -> Result<(), Incomplete> {
        let touches = |found: &&mut Finding| {
            Arc::ptr_eq(&found.rule, &rule.id)
                && found.span.start < span.end
                && span.start < found.span.end
        };
        if let Some(found) = self.findings.iter_mut().skip(self.first).find(touches) {
            found.span = found.span.start.min(span.start)..found.span.end.max(span.end);
            found.confidence = found.confidence.max(confidence);
            return Ok(());
        }
        self.budget.spend_finding()?;
        self.findings.push(Finding {
            rule: Arc::clone(&rule.id),
            title: Arc::clone(&rule.title),
            severity: rule.severity,
            confidence,
            action: *action,
            view,
            span,
        });
        Ok(())
    }
}

impl Note {
    /// Takes note of a literal, and says whether one of each other set is near enough for a match to
    /// contain them all. One that must come later takes its turn when it comes.
    fn sees(&mut self, sets: &[Required], set: usize, start: usize, ascii: bool) -> bool {
        if let Some(seen) = self.seen.get_mut(set) {
            *seen = (*seen).max(Some(start));
        }
        let Some(here) = sets.get(set) else { return false };
        let farthest = here.before.farthest.of(ascii).min(APART_BYTES_MAX);
        sets.iter().zip(self.seen).enumerate().all(|(other, (required, seen))| {
            // A match begins `farthest` before this literal at most and `nearest` before that one at
            // least.
            let reaches = |seen: usize| seen + farthest >= start + required.before.nearest;
            other == set || seen.is_some_and(reaches)
        })
    }
}

/// Whether the byte that must follow the literal does.
fn followed(required: &Required, hit: &Range<usize>, reading: &Reading<'_>) -> bool {
    let Some(follower) = required.follower else { return true };
    let within = follower.within.of(reading.text.ascii);
    let end = hit.start.saturating_add(within).min(reading.text.text.len());
    let start = hit.start.saturating_add(follower.from);
    let rest = reading.text.text.as_bytes().get(start..end).unwrap_or_default();
    within > WINDOW_BYTES || rest.contains(&follower.byte)
}

/// A rule and what it asks for on the surface.
struct Asked<'a> {
    rule: &'a Compiled,
    action: Action,
    /// The sets of literals of one of its branches.
    sets: &'a [Required],
}

struct Reading<'a> {
    view: View,
    text: Text<'a>,
    locate: Locate<'a>,
}

/// What `find` finds up to the end. A match that reaches the end is looked for again in more of the
/// text, so that no window cuts a secret in two.
fn follow(
    text: &str,
    mut end: usize,
    note: &mut Note,
    find: impl Fn(usize) -> Option<Range<usize>>,
) -> Option<Range<usize>> {
    end = text.ceil_char_boundary(end);
    let mut step = WINDOW_BYTES;
    loop {
        let found = find(end)?;
        if found.end < end || end == text.len() || step > FOLLOW_BYTES_MAX {
            return Some(found);
        }
        note.verified += found.len();
        end = text.ceil_char_boundary(end.saturating_add(step));
        step *= 2;
    }
}

/// The part of the match that is the finding and how sure that is, if it passes the rule's checks.
pub(super) fn accepted(
    rule: &Compiled,
    text: Text<'_>,
    whole: Range<usize>,
) -> Option<(Range<usize>, Confidence)> {
    let span = rule.captured(text, whole);
    let confidence = rule.judge(text, &span)?;
    Some((span, confidence))
}
