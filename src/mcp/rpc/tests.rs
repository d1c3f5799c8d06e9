use super::{Id, Message, MessageError, RpcError};
use crate::mcp::json::Limits;

fn read(text: &str) -> Result<Message, MessageError> {
    Message::parse(text.as_bytes(), &Limits::default())
}

#[test]
fn each_kind_of_message_survives_a_round_trip() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","x":1e400}}"#,
        r#"{"jsonrpc":"2.0","id":"é","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"z":1,"a":2}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no","data":[1]}}"#,
    ] {
        let message = read(text).expect(text);
        assert_eq!(String::from_utf8_lossy(&message.to_bytes()), text);
    }
}

#[test]
fn what_is_no_message_is_refused_with_the_id_it_had() {
    for (text, id) in [
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, None),
        (r#"{"id":1,"method":"ping"}"#, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#, Some(1)),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, None),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, None),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"result":[]}"#, Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, Some(1)),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!(error.to_rpc().code, RpcError::INVALID_REQUEST, "{text}");
        assert_eq!(error.id(), id.map(Id::Integer).as_ref(), "{text}");
    }
    assert_eq!(read("{").expect_err("half").to_rpc().code, RpcError::PARSE);
}
