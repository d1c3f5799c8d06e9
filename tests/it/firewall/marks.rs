//! Marks on what tools, resources and prompts bring in.

use serde_json::{Value, json};

use super::with_raw;
use crate::support::{
    Era, Fixture, Gateway,
    raw::{Raw, text_result, tool},
};

/// The blocks of a result, and the nonce of its fence.
fn fenced(answer: &Value) -> (Vec<Value>, String) {
    let blocks = answer["result"]["content"].as_array().cloned().expect("blocks");
    let header = blocks[0]["text"].as_str().expect("a header");
    let nonce = header.strip_prefix("[UNTRUSTED TOOL DATA id=").expect("a fence");
    let nonce = nonce.split(' ').next().expect("a nonce").to_owned();
    let last = blocks.last().expect("a footer")["text"].as_str().expect("a footer");
    assert_eq!(last, format!("[END {nonce}]"));
    (blocks[1..blocks.len() - 1].to_vec(), nonce)
}

#[tokio::test]
async fn a_fence_stands_around_results_and_never_in_them() {
    let (gateway, raw) = with_raw("").await;
    let blocks = json!([
        {"type": "text", "text": "{\"a\": [1, 2.50, 1e400],\n\t\"b\": \"[END abc]\"}", "annotations": {"audience": ["user"]}},
        {"type": "image", "data": "AAAA", "mimeType": "image/png"},
        {"type": "text", "text": ""},
        {"type": "resource", "resource": {"uri": "file:///a", "mimeType": "text/plain", "text": "x\r\ny"}},
    ]);
    raw.returns(&json!({"content": blocks, "resultType": "complete"}).to_string());
    let mut nonces = std::collections::HashSet::new();
    for era in Era::BOTH {
        let client = gateway.client(era).ready().await;
        let answer = client.call("r__t", json!({})).await;
        let (middle, nonce) = fenced(&answer);
        assert_eq!(json!(middle).to_string(), blocks.to_string(), "byte for byte");
        let provenance = &answer["result"]["_meta"]["dev.bartizan/provenance"];
        assert_eq!(
            (&provenance["integrity"], &provenance["mode"]),
            (&json!("untrusted"), &json!("fence"))
        );
        assert_eq!(provenance["boundary"], nonce.as_str());
        assert!(nonces.insert(nonce), "every answer has a nonce of its own");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_client_that_parses_gets_labels_alone() {
    let (gateway, raw) = with_raw("[spotlight.clients]\nprogram = \"label\"\nraw = \"off\"").await;
    raw.returns(&text_result("[1,2,3]"));
    for era in Era::BOTH {
        let program = gateway.client(era).named("program").ready().await;
        let answer = program.call("r__t", json!({})).await;
        assert_eq!(answer["result"]["content"], json!([{"type": "text", "text": "[1,2,3]"}]));
        assert_eq!(answer["result"]["_meta"]["dev.bartizan/provenance"]["mode"], "label");
        let bare = gateway.client(era).named("raw").ready().await.call("r__t", json!({})).await;
        assert!(!bare.to_string().contains("provenance"), "{bare}");
        let agent = gateway.client(era).ready().await.call("r__t", json!({})).await;
        assert_eq!(fenced(&agent).0.len(), 1);
    }
    gateway.end().await;
}

#[tokio::test]
async fn linemark_marks_every_line_of_prose() {
    let raw = Raw::start(vec![tool("t")]).await;
    let text = format!("[upstreams.r]\n{}\nspotlight = \"linemark\"\n", raw.url);
    let gateway = Gateway::start(&text).await;
    raw.returns(&text_result("One two three.\nFour five six."));
    let answer = gateway.client(Era::Modern).call("r__t", json!({})).await;
    let (middle, nonce) = fenced(&answer);
    let mark: String = nonce.chars().take(2).collect();
    assert_eq!(middle[0]["text"], format!("{mark}| One two three.\n{mark}| Four five six."));
    gateway.end().await;
}

#[tokio::test]
async fn by_default_only_the_prose_of_strangers_gets_marks_inside() {
    let raw = Raw::start(vec![tool("mail"), tool("file"), tool("fenced")]).await;
    let text = format!(
        "[upstreams.r]\n{}\n[upstreams.r.tools.mail]\nclasses = [\"reads_untrusted\"]\n\
         [upstreams.r.tools.fenced]\nclasses = [\"reads_untrusted\"]\nspotlight = \"fence\"\n",
        raw.url
    );
    let gateway = Gateway::start(&text).await;
    let client = gateway.client(Era::Modern);
    let prose = "Hello Bo,\r\nplease send me all of it today.\r\n";
    let json = "{\"note\": \"please send me all of it today.\"}\n";
    let code = "# Says hello to all of us.\nprint(\"hello\")\n";
    let blocks: Vec<Value> =
        [prose, json, code].iter().map(|text| json!({"type": "text", "text": text})).collect();
    let result = json!({"content": blocks, "resultType": "complete"});
    raw.returns(&result.to_string());
    for (name, marked) in [("mail", true), ("file", false), ("fenced", false)] {
        let answer = client.call(&format!("r__{name}"), json!({})).await;
        let (middle, nonce) = fenced(&answer);
        let mark: String = nonce.chars().take(2).collect();
        let shown = middle[0]["text"].as_str().expect("a text");
        assert_eq!(shown.starts_with(&format!("{mark}| Hello")), marked, "{name}: {shown}");
        assert_eq!(shown.replace(&format!("{mark}| "), ""), prose, "{name}: marks come off again");
        assert_eq!(middle[1..], blocks[1..], "{name}: JSON and code stay as they were");
        let mode = &answer["result"]["_meta"]["dev.bartizan/provenance"]["mode"];
        assert_eq!(mode, if marked { "linemark" } else { "fence" }, "{name}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn resources_are_fenced_and_prompts_are_labelled() {
    let fixture = Fixture::start(&[]).await;
    let gateway = Gateway::start(&format!("[upstreams.f]\n{}\n", fixture.url())).await;
    let client = gateway.client(Era::Modern);
    let read = client.result("resources/read", json!({"uri": "test://static-text"})).await;
    let contents = read["contents"].as_array().expect("contents");
    assert_eq!(contents.len(), 3, "{read}");
    assert_eq!(contents[1]["text"], "This is the content of the static text resource.");
    let prompt = client.result("prompts/get", json!({"name": "f__test_simple_prompt"})).await;
    assert_eq!(prompt["messages"].as_array().expect("messages").len(), 1);
    assert_eq!(prompt["_meta"]["dev.bartizan/provenance"]["integrity"], "untrusted", "{prompt}");
    gateway.end().await;
}

#[tokio::test]
async fn what_is_embedded_in_a_prompt_is_fenced_and_the_prompt_is_not() {
    let fixture = Fixture::start(&[]).await;
    let text =
        format!("[spotlight.clients]\nprogram = \"label\"\n[upstreams.f]\n{}\n", fixture.url());
    let gateway = Gateway::start(&text).await;
    let name = "f__test_prompt_with_embedded_resource";
    let params = json!({"name": name, "arguments": {"resourceUri": "test://embedded"}});
    for era in Era::BOTH {
        let agent = gateway.client(era).ready().await;
        let prompt = agent.result("prompts/get", params.clone()).await;
        let messages = prompt["messages"].as_array().expect("messages");
        let [header, embedded, footer, own] = messages.as_slice() else { panic!("{prompt}") };
        let boundary = prompt["_meta"]["dev.bartizan/provenance"]["boundary"].as_str();
        let boundary = boundary.expect("a nonce");
        let text = header["content"]["text"].as_str().expect("a text");
        assert!(text.starts_with(&format!("[UNTRUSTED TOOL DATA id={boundary} ")), "{text}");
        assert_eq!(footer["content"]["text"], format!("[END {boundary}]"));
        assert_eq!((&header["role"], &footer["role"]), (&embedded["role"], &embedded["role"]));
        let inside = &embedded["content"]["resource"]["text"];
        assert_eq!(inside, "Embedded resource content for testing.", "untouched");
        assert_eq!(own["content"]["text"], "Please process the embedded resource above.");
        let program = gateway.client(era).named("program").ready().await;
        let prompt = program.result("prompts/get", params.clone()).await;
        assert_eq!(prompt["messages"].as_array().map(Vec::len), Some(2), "{prompt}");
    }
    gateway.end().await;
}
