//! Who watches which resource: each watch has an owner, and ends with it.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::{Upstream, error::UpstreamError};
use crate::mcp::Method;

/// One subscriber of one resource. Dropping it ends the subscription, unless others have theirs.
#[derive(Debug)]
pub struct Watch {
    upstream: Arc<Upstream>,
    uri: String,
}

/// What one caller watches, by the URI that it knows.
#[derive(Debug, Default)]
pub struct Watches(Mutex<HashMap<String, Watch>>);

impl Watches {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether this caller watches the resource.
    pub fn contains(&self, uri: &str) -> bool {
        self.0.lock().contains_key(uri)
    }

    /// Whether this caller watches the resource at this very server, not at one that it replaced.
    pub fn at(&self, uri: &str, upstream: &Arc<Upstream>) -> bool {
        self.0.lock().get(uri).is_some_and(|watch| Arc::ptr_eq(&watch.upstream, upstream))
    }

    /// Adds a watch; a second one on the same resource replaces the first.
    pub fn add(&self, watch: Watch) {
        let before = self.0.lock().insert(watch.uri.clone(), watch);
        // Outside the lock: a drop has work to do.
        drop(before);
    }

    /// Ends this caller's watch, and nobody else's.
    pub fn end(&self, uri: &str) {
        let ended = self.0.lock().remove(uri);
        drop(ended);
    }
}

impl Upstream {
    /// Watches a resource for one more subscriber.
    ///
    /// # Errors
    /// The upstream refuses or is down.
    pub async fn watch(self: &Arc<Self>, uri: &str) -> Result<Watch, UpstreamError> {
        let first = {
            let mut watchers = self.watchers.lock();
            let count = watchers.entry(uri.to_owned()).or_insert(0);
            *count += 1;
            *count == 1
        };
        // From here on the count goes down again however this ends.
        let watch = Watch { upstream: Arc::clone(self), uri: uri.to_owned() };
        if first {
            self.subscription_changed(Method::ResourcesSubscribe, uri).await?;
        }
        Ok(watch)
    }

    /// Tells a legacy server that was met anew what is watched; it knows nothing of before.
    pub(super) async fn watch_again(&self) {
        let uris: Vec<String> = self.watchers.lock().keys().cloned().collect();
        for uri in uris {
            let method = Method::ResourcesSubscribe;
            if let Err(error) = self.subscription_changed(method, &uri).await {
                tracing::warn!(upstream = %self.name, %error, "A resource is no longer watched.");
            }
        }
    }

    /// Drops one subscriber. `true`: it was the last.
    fn unwatch(&self, uri: &str) -> bool {
        let mut watchers = self.watchers.lock();
        let Some(count) = watchers.get_mut(uri) else { return false };
        *count -= 1;
        let last = *count == 0;
        if last {
            watchers.remove(uri);
        }
        last
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let last = self.upstream.unwatch(&self.uri);
        let runtime = tokio::runtime::Handle::try_current();
        let (true, Ok(runtime)) = (last, runtime) else { return };
        let (upstream, uri) = (Arc::clone(&self.upstream), std::mem::take(&mut self.uri));
        runtime.spawn(async move {
            // Somebody may have come meanwhile.
            if upstream.watchers.lock().contains_key(&uri) {
                return;
            }
            let method = Method::ResourcesUnsubscribe;
            if let Err(error) = upstream.subscription_changed(method, &uri).await {
                tracing::debug!(%error, "A subscription could not be ended.");
            }
        });
    }
}
