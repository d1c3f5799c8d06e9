//! Lists longer than a page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Client, Era, Fixture, Gateway};

/// The gateway's pages hold so many items.
const PAGE_ITEMS: usize = 500;

/// The names on each page, following the cursors to the end.
async fn pages(client: &Client) -> Vec<Vec<String>> {
    let (mut pages, mut params) = (Vec::new(), json!({}));
    loop {
        let result = client.result("tools/list", params).await;
        let tools = result["tools"].as_array().expect("tools").iter();
        pages.push(tools.map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect());
        match &result["nextCursor"] {
            Value::Null => return pages,
            cursor => params = json!({"cursor": cursor}),
        }
        assert!(pages.len() < 10, "it ends");
    }
}

#[tokio::test]
async fn long_lists_of_one_server_and_of_several_arrive_whole_and_in_order() {
    let long = Fixture::start(&["--idle-tools", "1100", "--page-size", "300"]).await;
    let short = Fixture::start(&[]).await;
    let upstreams = format!("[upstreams.a]\n{}\n[upstreams.b]\n{}\n", long.url(), short.url());
    let gateway = Gateway::start(&upstreams).await;
    for era in Era::BOTH {
        let (all, one) = (gateway.client(era).ready().await, gateway.client(era).at("a"));
        let (all, one) = (pages(&all).await, pages(&one.ready().await).await);
        for pages in [&all, &one] {
            let (last, full) = pages.split_last().expect("a page");
            assert!(full.len() >= 2 && full.iter().all(|page| page.len() == PAGE_ITEMS));
            assert!(!last.is_empty() && last.len() <= PAGE_ITEMS, "no page for nothing");
        }
        let (all, one) = (all.concat(), one.concat());
        assert!(all.is_sorted(), "the order goes on from page to page");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "nothing stands twice");
        let idle = |names: &[String], start: &str| {
            names.iter().filter(|name| name.starts_with(start)).count()
        };
        assert_eq!((idle(&all, "a__idle_"), idle(&one, "idle_")), (1100, 1100), "nothing is lost");
        let (of_a, of_b) = (idle(&all, "a__"), idle(&all, "b__"));
        assert_eq!((of_a, of_b), (one.len(), one.len() - 1100), "both servers are whole");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_cursor_works_for_its_own_list_and_unchanged_alone() {
    let long = Fixture::start(&["--idle-tools", "600"]).await;
    let gateway = Gateway::start(&format!("[upstreams.a]\n{}\n", long.url())).await;
    let client = gateway.modern().await;
    let first = client.result("tools/list", json!({})).await;
    let cursor = first["nextCursor"].as_str().expect("a cursor").to_owned();
    assert!(client.ask("tools/list", json!({"cursor": cursor})).await.get("result").is_some());
    let elsewhere = client.ask("prompts/list", json!({"cursor": cursor})).await;
    assert_eq!(elsewhere["error"]["code"], -32602, "{elsewhere}");
    // `from:5`, `from:-1` and 5 in the encoding that cursors have; nothing; no text.
    for forged in [json!("ZnJvbTo1"), json!("ZnJvbTotMQ"), json!("NQ"), json!(""), json!(5)] {
        let answer = client.ask("tools/list", json!({"cursor": forged})).await;
        assert_eq!(answer["error"]["code"], -32602, "{forged}: {answer}");
    }
    gateway.end().await;
}
