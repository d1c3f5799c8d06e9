//! What a gateway keeps about findings: from the one that runs, else from its store.

use std::{os::unix::net::UnixStream, path::Path};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{admin::text, block_on};
use crate::{
    app::{self, ADMIN_SOCKET, AdminRequest},
    capture::{Vault, withheld},
    mcp::Object,
    store::Store,
};

/// What people made of findings, of one request or of all.
pub(super) fn triaged(folder: &Path, reference: Option<&str>) -> anyhow::Result<Vec<Value>> {
    let request = AdminRequest::Triaged { reference: reference.map(str::to_owned) };
    let answer = match is_running(folder) {
        true => app::ask(folder, &request)?,
        false => read(folder, async |store| app::triaged(store, reference).await)?,
    };
    Ok(answer.as_array().cloned().unwrap_or_default())
}

/// What is kept of a withheld result.
pub(super) fn withheld(folder: &Path, reference: &str) -> anyhow::Result<Option<Value>> {
    let request = AdminRequest::Withheld { reference: reference.to_owned() };
    let answer = match is_running(folder) {
        true => app::ask(folder, &request)?,
        false => read(folder, async |store| app::withheld(store, reference).await)?,
    };
    Ok((!answer.is_null()).then_some(answer))
}

/// Opens a withheld result under the gateway's key, which its own user alone can read.
pub(super) fn content(folder: &Path, row: &Value) -> anyhow::Result<Object> {
    let vault = Vault::existing(folder)?.context("the key of what is kept is gone")?;
    let sealed = STANDARD.decode(text(row, "sealed"))?;
    Ok(withheld::content(&vault, text(row, "reference"), &sealed)?)
}

fn is_running(folder: &Path) -> bool {
    UnixStream::connect(folder.join(ADMIN_SOCKET)).is_ok()
}

fn read(
    folder: &Path,
    look: impl AsyncFnOnce(&Store) -> Result<Value, String>,
) -> anyhow::Result<Value> {
    if !folder.join("bartizan.db").exists() {
        return Ok(Value::Null);
    }
    block_on(async {
        let store = Store::open(folder).await?;
        look(&store).await.map_err(anyhow::Error::msg)
    })?
}
