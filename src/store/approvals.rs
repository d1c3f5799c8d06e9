//! Rows of held calls. Every change of state is one conditional update: it happens or it does not.

use sqlx::Row as _;

use super::{Store, StoreError};
use crate::ids::now_ms;

/// A held call as it is kept.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ApprovalRow {
    pub id: String,
    /// `pending`, `approved`, `denied`, `expired`, `cancelled`, `voided` or `consumed`.
    pub state: String,
    #[serde(skip)]
    pub lookup: Vec<u8>,
    pub principal: String,
    pub client: String,
    pub run: Option<String>,
    pub upstream: String,
    pub tool: String,
    pub definition_digest: String,
    /// Of how the tool's server is reached.
    pub route_digest: String,
    /// The serialised arguments: these bytes run, and no others.
    pub arguments: String,
    pub arguments_digest: String,
    pub reasons: String,
    pub policy_digest: String,
    pub ruleset_digest: String,
    pub created: i64,
    pub expires: i64,
    pub decided_by: Option<String>,
    pub decided_at: Option<i64>,
    /// Whether the decision carries a proof that the agent's user could not make.
    pub proven: Option<bool>,
    pub note: Option<String>,
    pub consumed_at: Option<i64>,
    pub outcome: Option<String>,
}

/// What a person decided.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    pub approve: bool,
    pub by: String,
    pub proven: bool,
    pub note: Option<String>,
}

impl Store {
    /// Holds a call, unless the same call is held already: calls made at once are one question.
    /// `false`: it was.
    ///
    /// # Errors
    /// The store failed; nothing is held then, and the call is refused.
    pub async fn hold(&self, row: &ApprovalRow) -> Result<bool, StoreError> {
        let held = sqlx::query(
            "INSERT INTO approvals
             (id, state, lookup, principal, client, run, upstream, tool, definition_digest,
              route_digest, arguments, arguments_digest, reasons, policy_digest, ruleset_digest,
              created, expires)
             SELECT ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
             WHERE NOT EXISTS (
                 SELECT 1 FROM approvals WHERE lookup = ? AND expires > ?
                     AND state IN ('pending', 'approved', 'denied'))",
        )
        .bind(&row.id)
        .bind(&row.lookup)
        .bind(&row.principal)
        .bind(&row.client)
        .bind(&row.run)
        .bind(&row.upstream)
        .bind(&row.tool)
        .bind(&row.definition_digest)
        .bind(&row.route_digest)
        .bind(&row.arguments)
        .bind(&row.arguments_digest)
        .bind(&row.reasons)
        .bind(&row.policy_digest)
        .bind(&row.ruleset_digest)
        .bind(row.created)
        .bind(row.expires)
        .bind(&row.lookup)
        .bind(row.created)
        .execute(&self.pool)
        .await?;
        Ok(held.rows_affected() == 1)
    }

    /// How many calls of a principal wait for a decision, counted up to `max`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn open_of(&self, principal: &str, max: u32) -> Result<u32, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT 1 FROM approvals
             WHERE principal = ?1 AND state = 'pending' AND expires > ?2 LIMIT ?3)",
        );
        Ok(query.bind(principal).bind(now_ms()).bind(max).fetch_one(&self.pool).await?)
    }

    /// The newest live record of exactly this call by exactly this caller.
    ///
    /// # Errors
    /// The store failed.
    pub async fn find_held(&self, lookup: &[u8]) -> Result<Option<ApprovalRow>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM approvals WHERE lookup = ?1 AND expires > ?2
                 AND state IN ('pending', 'approved', 'denied')
             ORDER BY created DESC LIMIT 1",
        )
        .bind(lookup)
        .bind(now_ms())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// # Errors
    /// The store failed.
    pub async fn approval(&self, id: &str) -> Result<Option<ApprovalRow>, StoreError> {
        let query = sqlx::query("SELECT * FROM approvals WHERE id = ?").bind(id);
        let row = query.fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// The call of a tool that ran last with a person's yes.
    ///
    /// # Errors
    /// The store failed.
    pub async fn last_run(
        &self,
        upstream: &str,
        tool: &str,
    ) -> Result<Option<ApprovalRow>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM approvals WHERE upstream = ?1 AND tool = ?2 AND state = 'consumed'
             ORDER BY consumed_at DESC LIMIT 1",
        )
        .bind(upstream)
        .bind(tool)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// The newest records first; only those that wait if `open`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn approvals(&self, open: bool, limit: i64) -> Result<Vec<ApprovalRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM approvals
             WHERE NOT ?1 OR (state IN ('pending', 'approved') AND expires > ?2)
             ORDER BY created DESC LIMIT ?3",
        )
        .bind(open)
        .bind(now_ms())
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(StoreError::from)
    }

    /// Records a decision on a call that still waits. `false`: it no longer does.
    ///
    /// # Errors
    /// The store failed; the call stays held.
    pub async fn decide(&self, id: &str, decision: &DecisionRow) -> Result<bool, StoreError> {
        let state = if decision.approve { "approved" } else { "denied" };
        let changed = sqlx::query(
            "UPDATE approvals SET state = ?2, decided_by = ?3, decided_at = ?4, proven = ?5,
                 note = ?6
             WHERE id = ?1 AND state = 'pending' AND expires > ?4",
        )
        .bind(id)
        .bind(state)
        .bind(&decision.by)
        .bind(now_ms())
        .bind(decision.proven)
        .bind(&decision.note)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() == 1)
    }

    /// Takes the one use of an approval. Of any number of takers, one gets it.
    ///
    /// # Errors
    /// The store failed; nothing runs then.
    pub async fn consume(&self, id: &str) -> Result<Option<ApprovalRow>, StoreError> {
        let row = sqlx::query(
            "UPDATE approvals SET state = 'consumed', consumed_at = ?2
             WHERE id = ?1 AND state = 'approved' AND expires > ?2 RETURNING *",
        )
        .bind(id)
        .bind(now_ms())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Ends a record that was not consumed: `cancelled`, `voided` or `expired`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_held(&self, id: &str, state: &str, note: &str) -> Result<bool, StoreError> {
        let changed = sqlx::query(
            "UPDATE approvals SET state = ?2, note = ?3
             WHERE id = ?1 AND state IN ('pending', 'approved')",
        )
        .bind(id)
        .bind(state)
        .bind(note)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() == 1)
    }

    /// Says how a consumed call went.
    ///
    /// # Errors
    /// The store failed; the record then says consumed with an unknown outcome, which is true.
    pub async fn set_outcome(&self, id: &str, outcome: &str) -> Result<(), StoreError> {
        let query = sqlx::query("UPDATE approvals SET outcome = ?2 WHERE id = ?1");
        query.bind(id).bind(outcome).execute(&self.pool).await?;
        Ok(())
    }

    /// Marks what nobody decided in time. Returns the ids.
    ///
    /// # Errors
    /// The store failed.
    pub async fn expire_held(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "UPDATE approvals SET state = 'expired'
             WHERE state IN ('pending', 'approved') AND expires <= ?1 RETURNING id",
        )
        .bind(now_ms())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>().map_err(Into::into)
    }
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<ApprovalRow, sqlx::Error> {
    Ok(ApprovalRow {
        id: row.try_get("id")?,
        state: row.try_get("state")?,
        lookup: row.try_get("lookup")?,
        principal: row.try_get("principal")?,
        client: row.try_get("client")?,
        run: row.try_get("run")?,
        upstream: row.try_get("upstream")?,
        tool: row.try_get("tool")?,
        definition_digest: row.try_get("definition_digest")?,
        route_digest: row.try_get("route_digest")?,
        arguments: row.try_get("arguments")?,
        arguments_digest: row.try_get("arguments_digest")?,
        reasons: row.try_get("reasons")?,
        policy_digest: row.try_get("policy_digest")?,
        ruleset_digest: row.try_get("ruleset_digest")?,
        created: row.try_get("created")?,
        expires: row.try_get("expires")?,
        decided_by: row.try_get("decided_by")?,
        decided_at: row.try_get("decided_at")?,
        proven: row.try_get("proven")?,
        note: row.try_get("note")?,
        consumed_at: row.try_get("consumed_at")?,
        outcome: row.try_get("outcome")?,
    })
}
