//! `bartizan demo`: a gateway, three tool servers and an obedient agent, in one process and its
//! children, playing scenes in which things go wrong. Nothing outside a temporary folder is
//! touched, and a scene that does not end as promised makes the demo fail.

pub mod agent;
pub mod folder;
pub mod recorded;
pub mod scenes;
pub mod server;
pub mod stage;
pub mod told;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::json;

use self::{
    agent::{Agent, Wire},
    folder::Folder,
    scenes::{Props, SCENES, Scene},
    stage::Stage,
    told::Told,
};
use crate::{
    app::{App, Options, Purpose},
    approval::Waits,
};

/// Where the demo listens if it can, so that its address can be written down.
const PORT: u16 = 8420;
/// The longest that a scene may take before it counts as broken.
const SCENE_TIMEOUT: Duration = Duration::from_secs(30);

/// A demo that runs.
#[derive(Debug)]
pub struct Demo {
    app: App,
    address: SocketAddr,
    props: Props,
    stage: Stage,
}

impl Demo {
    /// Starts the gateway and its servers, at the usual port unless that is taken or `anywhere`.
    ///
    /// # Errors
    /// The gateway does not start.
    pub async fn start(stage: Stage, anywhere: bool) -> anyhow::Result<Self> {
        let port = if anywhere || is_taken(PORT) { 0 } else { PORT };
        let (app, folder) = match open(port).await {
            // Somebody was faster.
            Err(_) if port != 0 => open(0).await?,
            opened => opened?,
        };
        app.ready().await;
        let address = app.address.context("the gateway listens nowhere")?;
        let rules = Arc::clone(&app.gateway.firewall.load().rules);
        let agent = Agent::new(Wire::new(address, "demo")?, &folder.home());
        Ok(Self { app, address, props: Props { agent, folder, rules }, stage })
    }

    /// Plays every scene and says whether all ended as promised.
    pub async fn play(&self) -> bool {
        self.stage.say(
            "Bartizan's demo: an agent that obeys everything it reads, three tool servers, and\n\
            the gateway between them. Every claim is checked; one that is false says so.",
        );
        let mut kept = 0;
        for (number, scene) in SCENES.iter().enumerate() {
            self.stage.announce(number + 1, SCENES.len(), scene.title);
            let started = Instant::now();
            let told = self.scene(scene).await;
            self.stage.show(scene, &told, started.elapsed());
            kept += usize::from(told.is_kept());
        }
        self.stage.say(&format!("\n{kept} of {} scenes ended as promised.", SCENES.len()));
        self.stage.tell(&json!({ "scenes": SCENES.len(), "kept": kept }));
        kept == SCENES.len()
    }

    async fn scene(&self, scene: &Scene) -> Told {
        let broken = |what: String| Told { broken: vec![what], ..Told::default() };
        match tokio::time::timeout(SCENE_TIMEOUT, (scene.play)(&self.props)).await {
            Ok(Ok(told)) => told,
            Ok(Err(error)) => broken(format!("{error:#}")),
            Err(_) => broken(format!("it took more than {} s", SCENE_TIMEOUT.as_secs())),
        }
    }

    /// Says how to use the gateway, which stays up.
    pub fn invite(&self) {
        // Scenes hurry; people need their time to decide.
        self.app.gateway.approvals.set_waits(Waits::default());
        let (address, file) = (self.address, self.props.folder.configuration_path());
        let file = file.display();
        self.stage.say(&format!(
            "\nThe gateway stays up at http://{address}/mcp\n\n\
            connect     claude mcp add --transport http demo http://{address}/mcp\n\
            decide      bartizan approvals -c {file} list\n\
            look        bartizan findings -c {file}\n\
            stop        Ctrl-C; everything it wrote is removed then"
        ));
        let file = file.to_string();
        self.stage.tell(&json!({ "url": format!("http://{address}/mcp"), "config": file }));
    }

    /// Ends the gateway and its servers and removes what was written.
    pub async fn stop(self) {
        self.app.stop().await;
    }
}

async fn open(port: u16) -> anyhow::Result<(App, Folder)> {
    let folder = Folder::make()?;
    let config = folder.configuration(&format!("127.0.0.1:{port}"))?;
    let options = Options { purpose: Purpose::Serve, development: true };
    Ok((App::start(config, options).await?, folder))
}

fn is_taken(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_err()
}
