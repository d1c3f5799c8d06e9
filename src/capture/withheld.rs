//! Results that nobody got: kept for a set time, and handed out once when a person says so.
//!
//! What is handed out stays a stranger's text: the corridor fences and labels it like any other.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;

use super::{Settings, Vault};
use crate::{
    identity::Principal,
    ids::now_ms,
    mcp::{
        Json, Object,
        json::{Limits, parse},
    },
    seal::Sealer,
    store::{
        Store, StoreError,
        withheld::{ReleaseRow, WithheldRow},
    },
};

#[cfg(test)]
mod tests;

/// Why something cannot be kept, released or handed out. Nothing passes then.
#[derive(Debug, thiserror::Error)]
pub enum WithheldError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a result of {bytes} bytes is more than `capture.withheld_mb` has room for")]
    TooLarge { bytes: usize },
    #[error("the system gives no random bytes")]
    NoRandomness,
    #[error("no withheld result of `{0}` is kept: it was none, or its time is over")]
    NotKept(String),
    #[error("the result of `{0}` was released before; that is possible once")]
    Spent(String),
    #[error(
        "the result of `{0}` is not whole, so no agent can be given it; `--show` prints it for you"
    )]
    ForPeopleOnly(String),
    #[error("the kept result of `{0}` does not open: the key or the row is another one")]
    Sealed(String),
}

/// The call that a result answers: what a retry is recognised by.
#[derive(Clone, Copy, Debug)]
pub struct CallKey<'a> {
    pub principal: &'a Principal,
    /// The client's stated name.
    pub client: &'a str,
    pub method: &'a str,
    pub upstream: &'a str,
    /// As the caller names it.
    pub target: &'a str,
    pub arguments_digest: &'a str,
}

/// A result that is to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping<'a> {
    pub reference: &'a str,
    pub call: CallKey<'a>,
    pub result: &'a Object,
    pub why: &'a str,
    /// Ids of the rules that matched, separated by spaces.
    pub rules: &'a str,
    /// Whether an agent could be given it.
    pub releasable: bool,
}

/// The kept results.
#[derive(Debug)]
pub struct Withheld {
    store: Arc<Store>,
    vault: Arc<Vault>,
    sealer: Arc<Sealer>,
    settings: ArcSwap<Settings>,
    /// Whether any released result may wait for its call: spares every other call a query.
    released: AtomicBool,
}

/// Of the bytes that a lookup digest covers; a new layout takes a new name.
const DOMAIN: &[u8] = b"bartizan withheld result v1";

impl CallKey<'_> {
    fn lookup(&self, sealer: &Sealer) -> Vec<u8> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        sealer.lookup(&[
            DOMAIN,
            self.principal.agent.as_bytes(),
            text(&self.principal.user).as_bytes(),
            text(&self.principal.run).as_bytes(),
            self.client.as_bytes(),
            self.method.as_bytes(),
            self.upstream.as_bytes(),
            self.target.as_bytes(),
            self.arguments_digest.as_bytes(),
        ])
    }
}

impl Withheld {
    /// # Errors
    /// The store failed.
    pub async fn open(
        store: Arc<Store>,
        vault: Arc<Vault>,
        sealer: Arc<Sealer>,
        settings: Settings,
    ) -> Result<Self, StoreError> {
        store.expire_withheld().await?;
        let released = AtomicBool::new(store.released().await? > 0);
        Ok(Self { store, vault, sealer, settings: ArcSwap::from_pointee(settings), released })
    }

    pub fn set(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
    }

    /// Keeps a result, unless none are kept.
    ///
    /// # Errors
    /// It has no room, or the store failed. It is withheld all the same, and lost.
    pub async fn keep(&self, keeping: Keeping<'_>) -> Result<(), WithheldError> {
        let settings = **self.settings.load();
        if settings.withheld_hours == 0 {
            return Ok(());
        }
        let bytes_max = i64::from(settings.withheld_mb) << 20;
        let content = keeping.result.to_string().into_bytes();
        let bytes = content.len();
        if i64::try_from(bytes).unwrap_or(i64::MAX) > bytes_max / 2 {
            return Err(WithheldError::TooLarge { bytes });
        }
        let sealed = self.vault.seal(&context(keeping.reference), content);
        let created = now_ms();
        let call = keeping.call;
        let row = WithheldRow {
            reference: keeping.reference.to_owned(),
            lookup: call.lookup(&self.sealer),
            state: "kept".to_owned(),
            principal: call.principal.to_string(),
            client: call.client.to_owned(),
            run: call.principal.run.clone(),
            method: call.method.to_owned(),
            upstream: call.upstream.to_owned(),
            target: call.target.to_owned(),
            why: keeping.why.to_owned(),
            rules: keeping.rules.to_owned(),
            digest: keeping.result.digest(),
            releasable: keeping.releasable,
            sealed: sealed.map_err(|_| WithheldError::NoRandomness)?,
            created,
            expires: created + i64::from(settings.withheld_hours) * 3_600_000,
            released_by: None,
            released_at: None,
            proven: None,
            retry_until: None,
            taken_at: None,
        };
        Ok(self.store.keep_withheld(&row, bytes_max).await?)
    }

    /// What is kept of a request.
    ///
    /// # Errors
    /// Nothing is, or the store failed.
    pub async fn get(&self, reference: &str) -> Result<WithheldRow, WithheldError> {
        let row = self.store.withheld(reference).await?;
        row.ok_or_else(|| WithheldError::NotKept(reference.to_owned()))
    }

    /// Whether a person could let the caller of `row` have it.
    ///
    /// # Errors
    /// It was released before, or an agent cannot be given it.
    pub fn may_release(row: &WithheldRow) -> Result<(), WithheldError> {
        match (row.releasable, row.state.as_str()) {
            (false, _) => Err(WithheldError::ForPeopleOnly(row.reference.clone())),
            (true, "kept") => Ok(()),
            (true, _) => Err(WithheldError::Spent(row.reference.clone())),
        }
    }

    /// Lets the same call have its result, once, if it is made again in time. Gives the time, in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// It was released before or is not kept any more, or the store failed.
    pub async fn release(
        &self,
        reference: &str,
        by: &str,
        proven: bool,
    ) -> Result<i64, WithheldError> {
        Self::may_release(&self.get(reference).await?)?;
        let minutes = i64::from(self.settings.load().retry_minutes);
        let retry_until = now_ms() + minutes * 60_000;
        let release = ReleaseRow { by: by.to_owned(), proven, retry_until };
        if !self.store.release_withheld(reference, &release).await? {
            return Err(WithheldError::Spent(reference.to_owned()));
        }
        self.released.store(true, Ordering::Release);
        Ok(retry_until)
    }

    /// Whether any released result may wait for its call.
    pub fn any_released(&self) -> bool {
        self.released.load(Ordering::Acquire)
    }

    /// Takes the released result of this call, if a person released one. It is gone then.
    ///
    /// # Errors
    /// The store failed, or what was kept does not open. Nothing is handed out then.
    pub async fn take(
        &self,
        call: CallKey<'_>,
    ) -> Result<Option<(WithheldRow, Object)>, WithheldError> {
        let taken = self.store.take_released(&call.lookup(&self.sealer)).await?;
        let Some(row) = taken else { return Ok(None) };
        let content = content(&self.vault, &row.reference, &row.sealed)?;
        Ok(Some((row, content)))
    }

    /// Deletes what was kept long enough.
    ///
    /// # Errors
    /// The store failed.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        self.store.expire_withheld().await?;
        if self.any_released() && self.store.released().await? == 0 {
            self.released.store(false, Ordering::Release);
            // One that was released in between must not be missed.
            let again = self.store.released().await? > 0;
            self.released.fetch_or(again, Ordering::AcqRel);
        }
        Ok(())
    }
}

/// Opens what was kept of a request.
///
/// # Errors
/// The key or the bytes are other ones.
pub fn content(vault: &Vault, reference: &str, sealed: &[u8]) -> Result<Object, WithheldError> {
    let closed = || WithheldError::Sealed(reference.to_owned());
    let bytes = vault.open(&context(reference), sealed).ok_or_else(closed)?;
    let limits = Limits { bytes_max: usize::MAX, values_max: usize::MAX, ..Limits::default() };
    match parse(&bytes, &limits) {
        Ok(Json::Object(result)) => Ok(result),
        _ => Err(closed()),
    }
}

fn context(reference: &str) -> String {
    format!("bartizan withheld v1 {reference}")
}
