//! What people made of findings: real, false, or real and expected.

use sqlx::Row as _;

use super::{Store, StoreError};

/// A person's word on one rule's finding in one request.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct TriageRow {
    pub reference: String,
    /// The rule's id; a refusal's code where no rule found anything.
    pub rule: String,
    /// `true`, `false` or `benign-expected`.
    pub state: String,
    pub note: Option<String>,
    /// Who goes on with it.
    pub owner: Option<String>,
    pub by: String,
    pub at: i64,
}

impl Store {
    /// Writes what was found out, over what was thought before, all or none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn put_triage(&self, rows: &[TriageRow]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for row in rows {
            sqlx::query(
                "INSERT OR REPLACE INTO triage (reference, rule, state, note, owner, by, at)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(&row.reference)
            .bind(&row.rule)
            .bind(&row.state)
            .bind(&row.note)
            .bind(&row.owner)
            .bind(&row.by)
            .bind(row.at)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The newest words, of one request or of all.
    ///
    /// # Errors
    /// The store failed.
    pub async fn triage(
        &self,
        reference: Option<&str>,
        limit: i64,
    ) -> Result<Vec<TriageRow>, StoreError> {
        let query = "SELECT * FROM triage WHERE ?1 IS NULL OR reference = ?1
                     ORDER BY at DESC, rule LIMIT ?2";
        let rows = sqlx::query(query).bind(reference).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(StoreError::from)
    }

    /// How many findings of a rule people called real, and how many false. `None` if they judged
    /// none; what was expected counts as neither.
    ///
    /// # Errors
    /// The store failed.
    pub async fn precision(&self, rule: &str) -> Result<Option<(u64, u64)>, StoreError> {
        let query = "SELECT COALESCE(SUM(state = 'true'), 0) AS real,
                            COALESCE(SUM(state = 'false'), 0) AS wrong
                     FROM triage WHERE rule = ?";
        let row = sqlx::query(query).bind(rule).fetch_one(&self.pool).await?;
        let count =
            |name: &str| row.try_get::<i64, _>(name).map(|it| u64::try_from(it).unwrap_or(0));
        let counts = (count("real")?, count("wrong")?);
        Ok((counts != (0, 0)).then_some(counts))
    }
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<TriageRow, sqlx::Error> {
    Ok(TriageRow {
        reference: row.try_get("reference")?,
        rule: row.try_get("rule")?,
        state: row.try_get("state")?,
        note: row.try_get("note")?,
        owner: row.try_get("owner")?,
        by: row.try_get("by")?,
        at: row.try_get("at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Store, TriageRow};

    fn row(reference: &str, state: &str) -> TriageRow {
        let (rule, by) = ("injection.override-previous".to_owned(), "ana".to_owned());
        let (reference, state) = (reference.to_owned(), state.to_owned());
        TriageRow { reference, rule, state, note: None, owner: None, by, at: 1 }
    }

    #[tokio::test]
    async fn precision_counts_what_people_judged_and_the_last_word_only() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::open(folder.path()).await.expect("opens");
        let rule = "injection.override-previous";
        assert_eq!(store.precision(rule).await.expect("read"), None);
        let rows = [row("req_1", "true"), row("req_2", "false"), row("req_3", "benign-expected")];
        store.put_triage(&rows).await.expect("written");
        assert_eq!(store.precision(rule).await.expect("read"), Some((1, 1)));
        store.put_triage(&[row("req_2", "true")]).await.expect("written");
        assert_eq!(store.precision(rule).await.expect("read"), Some((2, 0)));
        let one = store.triage(Some("req_2"), 10).await.expect("read");
        assert_eq!(one, [row("req_2", "true")]);
        assert_eq!(store.triage(None, 2).await.expect("read").len(), 2);
    }
}
