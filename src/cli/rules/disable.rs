//! `bartizan rules disable`

use std::time::Duration;

use super::{
    Ran,
    promote::{Person, Wish, place},
};
use crate::{
    cli::{ConfigArgument, findings::since::age},
    firewall::stage::Stage,
};

#[derive(Debug, clap::Args)]
pub(super) struct Disable {
    #[command(flatten)]
    config: ConfigArgument,
    id: String,
    /// How long, such as `30m` or `1h`; then it acts again
    #[arg(long = "for", value_name = "TIME", value_parser = age)]
    time: Duration,
    #[command(flatten)]
    person: Person,
}

pub(super) fn run(command: &Disable) -> Ran {
    let for_s = Some(u32::try_from(command.time.as_secs()).unwrap_or(u32::MAX));
    let (id, to) = (command.id.as_str(), Stage::Shadow);
    let wish = Wish { id, to, percent: None, for_s, emergency: false };
    place(&command.config, &wish, &command.person)
}
