//! What people ask of rules: where they stand, and to place them elsewhere.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{answer::Answer, proof};
use crate::{
    app::{
        Parts,
        rules::stages::{self, OWN, Origins, Said, row_of, standing},
    },
    firewall::{
        rule::Rule,
        stage::{Evidence, Gate, Placement, Stage},
    },
    ids::now_ms,
    inspect::Firewall,
    metrics::Fate,
    store::rules::{ProposalRow, StageRow},
};

/// A rule, and where a person wants it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RulePlace {
    pub rule: String,
    /// The digest of the rule that the person saw: no other is placed.
    pub seen: String,
    /// The name of a [`Stage`].
    pub stage: String,
    /// Of a canary: runs out of a hundred in which it acts.
    pub percent: Option<u8>,
    /// Seconds after which it goes back by itself.
    pub for_s: Option<u32>,
    /// Without what is asked of a rule before it may act: two persons, and for a time.
    pub emergency: bool,
    pub reason: String,
    pub by: String,
    /// Ed25519 over [`super::decision_text`] of kind `rule` and [`RulePlace::verb`], in hex.
    pub signature: Option<String>,
}

impl RulePlace {
    /// What is signed beside the rule's id and digest.
    pub fn verb(&self) -> String {
        let Self { stage, percent, for_s, emergency, reason, .. } = self;
        let (percent, for_s) = (percent.unwrap_or(0), for_s.unwrap_or(0));
        format!("place {stage} percent={percent} for={for_s} emergency={emergency} {reason}")
    }
}

/// Runs of a canary when nobody says how many, and the most without passing the gate.
const CANARY_PERCENT: u8 = 10;
const CANARY_PERCENT_MAX: u8 = 50;
/// The longest that a rule is taken out of force for a time.
const DISABLED_S_MAX: u32 = 7 * 24 * 3600;
/// How long a rule acts that was promoted in an emergency.
const EMERGENCY_MS: i64 = 72 * 3600 * 1000;
/// How long a proposal waits for the second person.
const PROPOSAL_MS: i64 = 24 * 3600 * 1000;
const REASON_CHARS_MAX: usize = 300;

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// One rule as it stands.
struct Known<'a> {
    firewall: &'a Firewall,
    rule: &'a Rule,
    origin: &'a str,
    row: Option<&'a StageRow>,
    labels: (u64, u64),
}

impl Known<'_> {
    fn placement(&self) -> Placement {
        standing(self.rule, self.origin, self.row)
    }

    /// What is known of this very rule.
    fn evidence(&self, now: i64) -> Evidence {
        let counts = &self.firewall.lifecycle.counts;
        let row = self.row.filter(|row| row.digest == self.rule.digest);
        let since =
            |count: u64, before: i64| count.saturating_sub(u64::try_from(before).unwrap_or(0));
        let (real, false_alarms) = self.labels;
        let id = self.rule.id.get_ref();
        Evidence {
            watched_ms: row.map_or(0, |row| now.saturating_sub(row.watched_since)),
            evaluations: row.map_or(0, |row| since(counts.evaluations(self.rule), row.evaluations)),
            hits: row.map_or(0, |row| since(counts.hits(id), row.hits)),
            real,
            false_alarms,
        }
    }

    fn shown(&self, now: i64) -> Value {
        let id = self.rule.id.get_ref();
        let (placement, counts) = (self.placement(), &self.firewall.lifecycle.counts);
        let (stage, percent) = placement.at(now);
        let evidence = self.evidence(now);
        let acts = stage >= Stage::Enforce;
        let unmet: Vec<String> = match acts {
            true => Vec::new(),
            false => Gate::default().unmet(&evidence).iter().map(ToString::to_string).collect(),
        };
        json!({
            "id": id,
            "title": self.rule.title,
            "version": self.rule.version,
            "digest": self.rule.digest,
            "origin": self.origin,
            "stage": stage,
            "percent": percent,
            "until": placement.until.filter(|until| *until > now),
            "level": self.rule.level.get_ref(),
            "since": self.row.map(|row| row.since),
            "by": self.row.map(|row| &row.by),
            "reason": self.row.map(|row| &row.reason),
            "runs": *self.rule.level.get_ref() <= self.firewall.rules.level(),
            "evaluations": evidence.evaluations,
            "hits": evidence.hits,
            "acted": counts.of(id, Fate::Acted),
            "shadow": counts.of(id, Fate::Shadow),
            "excluded": counts.of(id, Fate::Excluded),
            "overridden": counts.of(id, Fate::Overridden),
            "labelled_true": self.labels.0,
            "labelled_false": self.labels.1,
            "unmet": unmet,
        })
    }
}

/// Where rules stand: one, or all.
pub(super) async fn status(parts: &Parts, wanted: Option<&str>) -> Answer {
    let firewall = parts.gateway.firewall.load_full();
    let rows = parts.store.rule_stages().await.map_err(said)?;
    let origins = Origins::of(&firewall.rules, &parts.config.load());
    let now = now_ms();
    let mut shown = Vec::new();
    for rule in firewall.rules.rules() {
        let id = rule.id.get_ref().as_str();
        if wanted.is_some_and(|wanted| wanted != id) {
            continue;
        }
        let labels = match wanted {
            Some(_) => parts.store.rule_labels(id).await.map_err(said)?,
            None => (0, 0),
        };
        let (origin, row) = (origins.get(rule), rows.get(id));
        shown.push(Known { firewall: &firewall, rule, origin, row, labels }.shown(now));
    }
    match wanted {
        Some(id) if shown.is_empty() => Err(format!("no rule in force is called `{id}`")),
        _ => Ok(Value::Array(shown)),
    }
}

/// Places a rule where a person wants it, if that may be.
pub(super) async fn place(parts: &Parts, wish: RulePlace) -> Answer {
    let _keeping = parts.keeping.lock().await;
    let firewall = parts.gateway.firewall.load_full();
    let rule = firewall.rules.rule(&wish.rule);
    let rule = rule.ok_or_else(|| format!("no rule in force is called `{}`", wish.rule))?;
    let id = rule.id.get_ref().as_str();
    if wish.seen != rule.digest {
        return Err(format!("`{id}` changed since you looked at it; look again"));
    }
    check_words(&wish)?;
    let config = parts.config.load_full();
    let approvers = &config.file.approvals.approvers;
    let text = proof::decision_text("rule", id, &wish.verb(), &rule.digest);
    proof::check(approvers, parts.options, &wish.by, &text, wish.signature.as_deref())?;
    let rows = parts.store.rule_stages().await.map_err(said)?;
    let origins = Origins::of(&firewall.rules, &config);
    let labels = parts.store.rule_labels(id).await.map_err(said)?;
    let (origin, row) = (origins.get(rule), rows.get(id));
    let known = Known { firewall: &firewall, rule, origin, row, labels };
    let now = now_ms();
    let mut wanted = wanted(&wish, &known, now)?;
    let word = if wish.emergency {
        if approvers.len() < 2 {
            return Err("two persons cannot be told apart: enrol two approvers \
                (`bartizan approvals enroll`)"
                .to_owned());
        }
        if !confirms(parts, &wish, wanted, now).await? {
            return Ok(json!({ "id": id, "proposed": wish.stage, "by": wish.by }));
        }
        wanted.until = Some(now + EMERGENCY_MS);
        "promote-rule-in-emergency"
    } else if wish.for_s.is_some() {
        "disable-rule"
    } else {
        "promote-rule"
    };
    let was = known.placement().at(now).0.name();
    let what = format!("{id} {was} -> {}: {}", wish.stage, wish.reason);
    // INVARIANT: it is on the record before it counts.
    parts.gateway.record_event(word, &what, &wish.by).await.map_err(said)?;
    let words = Said { by: &wish.by, reason: &wish.reason, at: now };
    let counts = &firewall.lifecycle.counts;
    let placed = row_of(rule, origin, wanted, words, row, counts);
    parts.store.place_rules(&[placed]).await.map_err(said)?;
    stages::renew(parts).await.map_err(said)?;
    Ok(json!({ "id": id, "stage": wish.stage, "until": wanted.until, "was": was }))
}

fn check_words(wish: &RulePlace) -> Result<(), String> {
    if wish.reason.chars().any(char::is_control) || wish.reason.chars().count() > REASON_CHARS_MAX {
        return Err(format!("the reason has at most {REASON_CHARS_MAX} characters on one line"));
    }
    if wish.reason.trim().is_empty() {
        return Err("say why: add `--reason TEXT`".to_owned());
    }
    Ok(())
}

/// The placement that is asked for, or why it may not be.
fn wanted(wish: &RulePlace, known: &Known<'_>, now: i64) -> Result<Placement, String> {
    let stage = Stage::named(&wish.stage).ok_or_else(|| {
        let names: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
        format!("`{}` is no stage; the stages are {}", wish.stage, names.join(", "))
    })?;
    let before = known.placement();
    let lasting = match before.until {
        Some(until) if until > now => before.before,
        _ => before.at(now),
    };
    if let Some(for_s) = wish.for_s {
        if stage != Stage::Shadow || wish.emergency {
            return Err("only taking a rule out of force ends by itself".to_owned());
        }
        if !(1..=DISABLED_S_MAX).contains(&for_s) {
            let days = DISABLED_S_MAX / 86_400;
            return Err(format!(
                "at most {days} days; for longer, write an exclusion or promote it to `shadow`"
            ));
        }
        let until = Some(now.saturating_add(i64::from(for_s) * 1000));
        return Ok(Placement { stage, percent: 100, until, before: lasting });
    }
    let percent = match stage {
        Stage::Canary => wish.percent.unwrap_or(CANARY_PERCENT),
        _ => 100,
    };
    if stage == Stage::Canary && !(1..=CANARY_PERCENT_MAX).contains(&percent) {
        return Err(format!("a canary acts in 1 to {CANARY_PERCENT_MAX} runs of a hundred"));
    }
    let acts = stage >= Stage::Enforce && lasting.0 < Stage::Enforce;
    if wish.emergency {
        if !acts {
            return Err("in an emergency, a rule is promoted to `enforce`".to_owned());
        }
        return Ok(Placement { stage, percent, until: None, before: lasting });
    }
    // Who writes a rule of their own may let it act; the file says so, too.
    if acts && known.origin != OWN {
        let unmet = Gate::default().unmet(&known.evidence(now));
        if !unmet.is_empty() {
            let unmet: Vec<String> = unmet.iter().map(ToString::to_string).collect();
            return Err(format!("it may not act yet: {}", unmet.join("; ")));
        }
    }
    Ok(Placement::lasting(stage, percent))
}

/// Whether this is the second person. Else the wish waits for one.
async fn confirms(
    parts: &Parts,
    wish: &RulePlace,
    wanted: Placement,
    now: i64,
) -> Result<bool, String> {
    let waiting = parts.store.rule_proposal(&wish.rule).await.map_err(said)?;
    let fits = |row: &ProposalRow| {
        row.digest == wish.seen
            && row.stage == wish.stage
            && row.percent == wanted.percent
            && now - row.at < PROPOSAL_MS
    };
    if let Some(row) = waiting.filter(fits) {
        if row.by == wish.by {
            return Err(format!("`{}` proposed it; another person must confirm", row.by));
        }
        return parts.store.end_rule_proposal(&row).await.map_err(said);
    }
    let what = format!("{} -> {}: {}", wish.rule, wish.stage, wish.reason);
    parts.gateway.record_event("propose-rule", &what, &wish.by).await.map_err(said)?;
    let row = ProposalRow {
        rule: wish.rule.clone(),
        digest: wish.seen.clone(),
        stage: wish.stage.clone(),
        percent: wanted.percent,
        by: wish.by.clone(),
        reason: wish.reason.clone(),
        at: now,
    };
    parts.store.propose_rule(&row).await.map_err(said)?;
    Ok(false)
}
