//! Where the rules in force stand: what an upgrade brought is placed, and what people decided holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use crate::{
    app::Parts,
    config::Config,
    firewall::{
        Ruleset,
        rule::Rule,
        stage::{Placement, Stage, Stages, Upgrades, on_arrival},
    },
    ids::now_ms,
    inspect::{Firewall, Lifecycle},
    metrics::RuleCounts,
    store::{Store, StoreError, rules::StageRow},
};

#[cfg(test)]
mod tests;

/// Who placed a rule that no person did.
pub(crate) const BY_INSTALL: &str = "install";
pub(crate) const BY_UPGRADE: &str = "upgrade";
pub(crate) const BY_BREAKER: &str = "breaker";

/// The origin of the operator's own rules.
pub(crate) const OWN: &str = "own";

/// Gives a firewall its stages and its counts. Of the one that was in force before, what it counted
/// goes on.
///
/// # Errors
/// The store failed.
pub(in crate::app) async fn settle(
    mut firewall: Firewall,
    config: &Config,
    store: &Store,
    before: Option<&Lifecycle>,
) -> Result<Firewall, StoreError> {
    let fresh = &firewall.lifecycle;
    let counts = match before {
        Some(before) => Arc::clone(&before.counts),
        None => restored(store).await?,
    };
    let breaker = before.map(|it| &it.breaker).filter(|it| it.limits() == fresh.breaker.limits());
    let breaker = Arc::clone(breaker.unwrap_or(&fresh.breaker));
    let falling = Arc::clone(before.map_or(&fresh.falling, |it| &it.falling));
    let origins = Origins::of(&firewall.rules, config);
    let mut rows = store.rule_stages().await?;
    let arrivals =
        Arrivals { origins: &origins, upgrades: config.file.firewall.upgrades, now: now_ms() };
    let placed = arrivals.place(&firewall.rules, &rows, &counts);
    store.place_rules(&placed).await?;
    say(&placed);
    rows.extend(placed.into_iter().map(|row| (row.rule.clone(), row)));
    let blocking = config.file.firewall.blocking_level.unwrap_or(Ruleset::LEVEL_MAX);
    let stages =
        stages(&firewall.rules, &origins, &rows).detecting(above(&firewall.rules, blocking));
    let exclusions = fresh.exclusions.clone();
    firewall.lifecycle = Arc::new(Lifecycle { stages, exclusions, counts, breaker, falling });
    Ok(firewall)
}

/// Lets what the store says of stages hold at once.
///
/// # Errors
/// The store failed; the stages before stay in force.
pub(in crate::app) async fn renew(parts: &Parts) -> Result<(), StoreError> {
    let (firewall, config) = (parts.gateway.firewall.load_full(), parts.config.load_full());
    let before = Some(&*firewall.lifecycle);
    let settled = settle((*firewall).clone(), &config, &parts.store, before);
    let settled = Arc::new(settled.await?);
    parts.gateway.firewall.store(Arc::clone(&settled));
    parts.keeper.firewall.store(settled);
    // Definitions that a rule kept back may be offered now, and the other way round.
    parts.upstreams.rebuild(None).await;
    Ok(())
}

async fn restored(store: &Store) -> Result<Arc<RuleCounts>, StoreError> {
    let counts = RuleCounts::default();
    for (kind, name, count) in store.rule_counts().await? {
        counts.restore(&kind, &name, u64::try_from(count).unwrap_or(0));
    }
    Ok(Arc::new(counts))
}

/// Where each rule comes from: `core`, `bundle NAME` or [`OWN`].
#[derive(Debug)]
pub(crate) struct Origins(BTreeMap<String, String>);

impl Origins {
    pub(crate) fn of(rules: &Ruleset, config: &Config) -> Self {
        let folder = config.file.firewall.rules.as_ref().map(|folder| config.resolve(folder));
        let origin = |file: &str| match file.rsplit_once('/') {
            _ if Path::new(file).parent() == folder.as_deref() => OWN.to_owned(),
            Some(("core", _)) => "core".to_owned(),
            Some((bundle, _)) if bundle.starts_with("bundle ") => {
                bundle.split('/').next().unwrap_or(bundle).to_owned()
            }
            _ => OWN.to_owned(),
        };
        let each = rules.rules_and_files();
        Self(each.map(|(rule, file)| (rule.id.get_ref().clone(), origin(file))).collect())
    }

    pub(crate) fn get(&self, rule: &Rule) -> &str {
        self.0.get(rule.id.get_ref()).map_or(OWN, String::as_str)
    }
}

/// How new and changed rules are placed.
struct Arrivals<'a> {
    origins: &'a Origins,
    upgrades: Upgrades,
    now: i64,
}

impl Arrivals<'_> {
    /// The rows that change. The operator's own rules have none until a person places them.
    fn place(
        &self,
        rules: &Ruleset,
        rows: &BTreeMap<String, StageRow>,
        counts: &RuleCounts,
    ) -> Vec<StageRow> {
        let known: BTreeSet<&str> = rows.values().map(|row| row.origin.as_str()).collect();
        let mut placed = Vec::new();
        for rule in rules.rules() {
            let origin = self.origins.get(rule);
            if origin == OWN {
                continue;
            }
            let row = rows.get(rule.id.get_ref());
            let first = !known.contains(origin);
            if let Some((stage, by)) = self.arrives(rule, row, first) {
                let (stage, percent) = stage;
                let lasting = Placement::lasting(stage, percent);
                let reason = if row.is_some() { "it changed" } else { "it is new" };
                let said = Said { by, reason, at: self.now };
                placed.push(row_of(rule, origin, lasting, said, None, counts));
            }
        }
        placed
    }

    fn arrives(
        &self,
        rule: &Rule,
        row: Option<&StageRow>,
        first: bool,
    ) -> Option<((Stage, u8), &'static str)> {
        let lifted = row.is_some_and(|row| {
            row.digest == rule.digest
                && self.upgrades == Upgrades::Enforce
                && row.by == BY_UPGRADE
                && row.stage == Stage::Shadow.name()
        });
        if lifted {
            return Some(((Stage::Enforce, 100), BY_UPGRADE));
        }
        let known = row.map(|row| row.digest.as_str());
        let stage = on_arrival(rule, known, first && row.is_none(), self.upgrades)?;
        // What a person took out of force stays there when it changes.
        let kept = row.filter(|row| ![BY_INSTALL, BY_UPGRADE].contains(&row.by.as_str()));
        let kept = kept.map(|row| placement(row).before).filter(|(kept, _)| *kept < stage);
        let by = if first && row.is_none() { BY_INSTALL } else { BY_UPGRADE };
        Some((kept.unwrap_or((stage, 100)), by))
    }
}

/// Who places a rule, and why.
#[derive(Clone, Copy, Debug)]
pub(in crate::app) struct Said<'a> {
    pub(in crate::app) by: &'a str,
    pub(in crate::app) reason: &'a str,
    /// Milliseconds since 1970 UTC.
    pub(in crate::app) at: i64,
}

/// The row of a rule that is placed. What was seen of this very rule since `before` goes on counting.
pub(in crate::app) fn row_of(
    rule: &Rule,
    origin: &str,
    placement: Placement,
    said: Said<'_>,
    before: Option<&StageRow>,
    counts: &RuleCounts,
) -> StageRow {
    let before = before.filter(|row| row.digest == rule.digest);
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    StageRow {
        rule: rule.id.get_ref().clone(),
        origin: origin.to_owned(),
        version: rule.version,
        digest: rule.digest.clone(),
        stage: placement.stage.name().to_owned(),
        percent: placement.percent,
        since: said.at,
        by: said.by.to_owned(),
        reason: said.reason.to_owned(),
        until: placement.until,
        before_stage: placement.before.0.name().to_owned(),
        before_percent: placement.before.1,
        watched_since: before.map_or(said.at, |row| row.watched_since),
        evaluations: before.map_or_else(|| count(counts.evaluations(rule)), |row| row.evaluations),
        hits: before.map_or_else(|| count(counts.hits(rule.id.get_ref())), |row| row.hits),
    }
}

/// What a row says. A stage that this version does not know acts.
pub(in crate::app) fn placement(row: &StageRow) -> Placement {
    let stage = |name: &str| Stage::named(name).unwrap_or(Stage::Enforce);
    Placement {
        stage: stage(&row.stage),
        percent: row.percent,
        until: row.until,
        before: (stage(&row.before_stage), row.before_percent),
    }
}

/// Where a rule stands that may have a row.
pub(in crate::app) fn standing(rule: &Rule, origin: &str, row: Option<&StageRow>) -> Placement {
    match row {
        Some(row) if origin != OWN || row.digest == rule.digest => placement(row),
        _ if origin == OWN => Placement::lasting(Stage::of_own(rule), 100),
        _ => Placement::lasting(Stage::Enforce, 100),
    }
}

fn stages(rules: &Ruleset, origins: &Origins, rows: &BTreeMap<String, StageRow>) -> Stages {
    Stages::new(rules.rules().map(|rule| {
        let id = rule.id.get_ref();
        (Arc::from(id.as_str()), standing(rule, origins.get(rule), rows.get(id)))
    }))
}

/// The rules above a level.
fn above(rules: &Ruleset, level: u8) -> impl Iterator<Item = Arc<str>> {
    let above = rules.rules().filter(move |rule| *rule.level.get_ref() > level);
    above.map(|rule| Arc::from(rule.id.get_ref().as_str()))
}

fn say(placed: &[StageRow]) {
    let count = placed.iter().filter(|row| row.stage == Stage::Shadow.name()).count();
    if count > 0 {
        tracing::warn!(
            count,
            "New or changed rules are only watched. See `bartizan rules status --stage shadow`; \
            `firewall.upgrades = \"enforce\"` lets them act at once."
        );
    }
}
