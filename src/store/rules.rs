//! Rows of the stages that rules are in, proposals to change one, and what was counted of rules.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::{Store, StoreError};

/// The tables of this part.
pub(super) const TABLES: &[&str] = &[
    "CREATE TABLE rule_stage (
        rule TEXT PRIMARY KEY, origin TEXT NOT NULL, version INTEGER NOT NULL,
        digest TEXT NOT NULL, stage TEXT NOT NULL, percent INTEGER NOT NULL,
        since INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, until INTEGER,
        before_stage TEXT NOT NULL, before_percent INTEGER NOT NULL,
        watched_since INTEGER NOT NULL, evaluations INTEGER NOT NULL, hits INTEGER NOT NULL)",
    "CREATE TABLE rule_proposal (
        rule TEXT PRIMARY KEY, digest TEXT NOT NULL, stage TEXT NOT NULL,
        percent INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL)",
    "CREATE TABLE rule_count (
        kind TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (kind, name))",
];

/// Where a rule stands.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StageRow {
    pub rule: String,
    /// `core`, `bundle NAME` or `own`.
    pub origin: String,
    pub version: u32,
    /// Of what the rule does.
    pub digest: String,
    pub stage: String,
    pub percent: u8,
    /// When it came there.
    pub since: i64,
    pub by: String,
    pub reason: String,
    /// When it goes back to what it was before.
    pub until: Option<i64>,
    pub before_stage: String,
    pub before_percent: u8,
    /// Since when this very rule is known here.
    pub watched_since: i64,
    /// Messages that it had read by then, and that it had found something in.
    pub evaluations: i64,
    pub hits: i64,
}

/// What one person asked for and a second one must confirm.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProposalRow {
    pub rule: String,
    pub digest: String,
    pub stage: String,
    pub percent: u8,
    pub by: String,
    pub reason: String,
    pub at: i64,
}

impl Store {
    /// Every rule that has a row, by its id.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rule_stages(&self) -> Result<BTreeMap<String, StageRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM rule_stage").fetch_all(&self.pool).await?;
        let rows: Result<Vec<StageRow>, sqlx::Error> = rows.iter().map(read).collect();
        Ok(rows?.into_iter().map(|row| (row.rule.clone(), row)).collect())
    }

    /// Writes where rules stand, all or none.
    ///
    /// # Errors
    /// The store failed; nothing is written then.
    pub async fn place_rules(&self, rows: &[StageRow]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for row in rows {
            let query = sqlx::query(
                "INSERT OR REPLACE INTO rule_stage
                 (rule, origin, version, digest, stage, percent, since, by, reason, until,
                  before_stage, before_percent, watched_since, evaluations, hits)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            );
            query
                .bind(&row.rule)
                .bind(&row.origin)
                .bind(row.version)
                .bind(&row.digest)
                .bind(&row.stage)
                .bind(row.percent)
                .bind(row.since)
                .bind(&row.by)
                .bind(&row.reason)
                .bind(row.until)
                .bind(&row.before_stage)
                .bind(row.before_percent)
                .bind(row.watched_since)
                .bind(row.evaluations)
                .bind(row.hits)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// What waits for a second person.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rule_proposal(&self, rule: &str) -> Result<Option<ProposalRow>, StoreError> {
        let query = sqlx::query("SELECT * FROM rule_proposal WHERE rule = ?").bind(rule);
        let row = query.fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(proposal).transpose()?)
    }

    /// Keeps a proposal in the place of an earlier one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn propose_rule(&self, row: &ProposalRow) -> Result<(), StoreError> {
        let query = sqlx::query(
            "INSERT OR REPLACE INTO rule_proposal (rule, digest, stage, percent, by, reason, at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        );
        query
            .bind(&row.rule)
            .bind(&row.digest)
            .bind(&row.stage)
            .bind(row.percent)
            .bind(&row.by)
            .bind(&row.reason)
            .bind(row.at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Takes a proposal away. `false`: it was gone.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_rule_proposal(&self, row: &ProposalRow) -> Result<bool, StoreError> {
        let query = sqlx::query("DELETE FROM rule_proposal WHERE rule = ? AND by = ? AND at = ?");
        let ended = query.bind(&row.rule).bind(&row.by).bind(row.at).execute(&self.pool).await?;
        Ok(ended.rows_affected() == 1)
    }

    /// What was counted up to the last time that it was kept, as kind, name and number.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rule_counts(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let query = sqlx::query_as("SELECT kind, name, count FROM rule_count");
        Ok(query.fetch_all(&self.pool).await?)
    }

    /// Keeps what was counted.
    ///
    /// # Errors
    /// The store failed; the counts before are still there.
    pub async fn keep_rule_counts(
        &self,
        rows: &[(&'static str, String, u64)],
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for (kind, name, count) in rows {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            let query = sqlx::query("INSERT OR REPLACE INTO rule_count VALUES (?, ?, ?)");
            query.bind(*kind).bind(name).bind(count).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// How many findings of a rule people called real, and how many false. Zero of both where
    /// nobody keeps labels.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rule_labels(&self, rule: &str) -> Result<(u64, u64), StoreError> {
        let query = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'triage'";
        let there: i64 = sqlx::query_scalar(query).fetch_one(&self.pool).await?;
        if there == 0 {
            return Ok((0, 0));
        }
        let count = async |state: &'static str| -> Result<u64, StoreError> {
            let query = "SELECT COUNT(*) FROM triage WHERE rule = ? AND state = ?";
            let query = sqlx::query_scalar(query).bind(rule).bind(state);
            let count: i64 = query.fetch_one(&self.pool).await?;
            Ok(u64::try_from(count).unwrap_or(0))
        };
        Ok((count("true").await?, count("false").await?))
    }
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<StageRow, sqlx::Error> {
    Ok(StageRow {
        rule: row.try_get("rule")?,
        origin: row.try_get("origin")?,
        version: row.try_get("version")?,
        digest: row.try_get("digest")?,
        stage: row.try_get("stage")?,
        percent: row.try_get("percent")?,
        since: row.try_get("since")?,
        by: row.try_get("by")?,
        reason: row.try_get("reason")?,
        until: row.try_get("until")?,
        before_stage: row.try_get("before_stage")?,
        before_percent: row.try_get("before_percent")?,
        watched_since: row.try_get("watched_since")?,
        evaluations: row.try_get("evaluations")?,
        hits: row.try_get("hits")?,
    })
}

fn proposal(row: &sqlx::sqlite::SqliteRow) -> Result<ProposalRow, sqlx::Error> {
    Ok(ProposalRow {
        rule: row.try_get("rule")?,
        digest: row.try_get("digest")?,
        stage: row.try_get("stage")?,
        percent: row.try_get("percent")?,
        by: row.try_get("by")?,
        reason: row.try_get("reason")?,
        at: row.try_get("at")?,
    })
}
