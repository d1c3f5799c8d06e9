//! The root of the package in `fuzz/`: the gateway's protocol modules and its firewall alone. No part
//! of the gateway itself; it stands here because modules are found beside their root.

pub mod firewall;
pub mod mcp;
