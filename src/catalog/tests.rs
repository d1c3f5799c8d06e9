//! The catalog's keeper.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Catalog, Keeper};
use crate::{
    firewall::Ruleset,
    inspect::{Firewall, Mode, Profile},
    mcp::json::Limits,
    store::Store,
    upstream::{
        Settings, State, Transport, Upstream, child::Launch, client::HttpClient, route::Route,
    },
};

async fn keeper(folder: &std::path::Path) -> Keeper {
    let rules = Arc::new(Ruleset::core().expect("the core rules compile"));
    let thresholds = crate::firewall::score::Thresholds::default();
    let lifecycle = Arc::default();
    let profile = Profile::Balanced;
    let firewall =
        Firewall { rules, profile, mode: Mode::Enforce, thresholds, lifecycle, classifier: None };
    let store = Arc::new(Store::open(folder).await.expect("a store"));
    let catalog = Arc::new(Catalog::default());
    let settings: super::SettingsOf = Arc::new(|_, _, _| Arc::default());
    Keeper::new(catalog, store, Arc::new(firewall), settings, false)
}

fn missing(name: &str) -> Arc<Upstream> {
    let command = vec!["/nonexistent/program".to_owned()];
    let settings = Settings {
        route: Route::command(&command, None),
        transport: Transport::Stdio(Launch { command, ..Launch::default() }),
        start_timeout: Duration::from_secs(1),
        call_timeout: Duration::from_secs(1),
        limits: Limits::default(),
    };
    Upstream::new(name, name, settings, None)
}

async fn down(upstream: &Arc<Upstream>) {
    while !matches!(*upstream.state(), State::Down { .. }) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_upstream_counts_as_attempted_once_the_catalog_shows_it_and_not_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keeper, stop) = (keeper(folder.path()).await, CancellationToken::new());
    let upstream = missing("gone");
    keeper.rebuild(&upstream, false).await;
    assert!(!upstream.is_attempted(), "nothing was tried yet");
    let running =
        tokio::spawn(Arc::clone(&upstream).run(HttpClient::with_native_roots(), stop.clone()));
    tokio::time::timeout(Duration::from_secs(5), down(&upstream)).await.expect("it fails");
    assert!(!upstream.is_attempted(), "the catalog does not show it yet");
    keeper.rebuild(&upstream, false).await;
    assert!(upstream.is_attempted());
    let snapshot = keeper.catalog.snapshot();
    assert_eq!(snapshot.all.partial.len(), 1, "{:?}", snapshot.all.partial);
    stop.cancel();
    running.await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parts_that_are_rebuilt_at_once_all_stay_in_the_catalog() {
    let folder = tempfile::tempdir().expect("a folder");
    let keeper = Arc::new(keeper(folder.path()).await);
    for round in 0..50 {
        let names: Vec<String> = (0..4).map(|it| format!("r{round}s{it}")).collect();
        let rebuilt = names.iter().map(|name| {
            let (keeper, upstream) = (Arc::clone(&keeper), missing(name));
            tokio::spawn(async move { keeper.rebuild(&upstream, false).await })
        });
        for done in rebuilt.collect::<Vec<_>>() {
            done.await.expect("rebuilt");
        }
        let snapshot = keeper.catalog.snapshot();
        for name in &names {
            assert!(snapshot.each.contains_key(name.as_str()), "`{name}` was lost");
        }
    }
}
