//! A model that runs: texts in, scores of their windows out.

use std::{ops::Range, sync::Arc};

use ort::{
    session::{Session, SessionInputValue},
    value::Tensor,
};

use super::{
    Fault, Library, Pack,
    cutter::{Cutter, Window, pieces},
    pack::{Activation, Manifest},
    plain::Plain,
};

/// Bytes of one text. A longer one is not scored, and so not let through.
pub const TEXT_BYTES_MAX: usize = 4 << 20;
/// A loaded model. One thread runs it at a time.
#[derive(Debug)]
pub struct Model {
    manifest: Arc<Manifest>,
    cutter: Arc<Cutter>,
    session: Session,
}

/// How far a part of a text asks an agent for something.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// From 0 to 1, calibrated.
    pub score: f32,
}

impl Model {
    /// Builds the tokenizer and the graph, and runs a full window of the tokenizer's last token: a
    /// tokenizer or a window that does not fit the graph shows here and not in a call.
    ///
    /// # Errors
    /// [`Fault::Tokenizer`], [`Fault::Model`], [`Fault::Score`]
    pub fn load(library: &Library, pack: &Pack) -> Result<Self, Fault> {
        let manifest = Arc::new(pack.manifest.clone());
        let cutter = Arc::new(Cutter::new(pack)?);
        let mut model = Self { manifest, cutter, session: session(library, pack)? };
        model.fits(&pack.title())?;
        let probe = model.cutter.probe();
        model.run(&probe)?;
        Ok(model)
    }

    /// The same model for another thread.
    ///
    /// # Errors
    /// [`Fault::Model`]
    pub(super) fn twin(&self, library: &Library, pack: &Pack) -> Result<Self, Fault> {
        let (manifest, cutter) = (Arc::clone(&self.manifest), Arc::clone(&self.cutter));
        Ok(Self { manifest, cutter, session: session(library, pack)? })
    }

    /// Scores each window of a text, in their order.
    ///
    /// # Errors
    /// [`Fault::TooLong`], and whatever the tokenizer or the graph fails with.
    pub fn score(&mut self, text: &str) -> Result<Vec<Scored>, Fault> {
        let plain = Plain::of(text, TEXT_BYTES_MAX)?;
        let (text, mut scored) = (plain.text(text), Vec::new());
        for piece in pieces(text) {
            scored.extend(self.score_piece(text, piece)?);
        }
        plain.back(&mut scored);
        Ok(scored)
    }

    /// Scores each window of one of the [`pieces`] of a text.
    ///
    /// # Errors
    /// Whatever the tokenizer or the graph fails with.
    pub(super) fn score_piece(
        &mut self,
        text: &str,
        piece: Range<usize>,
    ) -> Result<Vec<Scored>, Fault> {
        let windows = self.cutter.cut(text, piece)?;
        let scored = windows.into_iter().map(|window| {
            let score = self.run(&window)?;
            Ok(Scored { span: window.span, score })
        });
        scored.collect()
    }

    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// The score of a window. Each runs by itself: rounded to 8 bits, a batch shares one scale, so what
    /// else is scored at the moment would change a text's score.
    fn run(&mut self, window: &Window) -> Result<f32, Fault> {
        let manifest = &*self.manifest;
        let failed = |error: ort::Error| Fault::Model {
            pack: manifest.name.clone(),
            why: error.to_string(),
        };
        let tokens = window.ids.len();
        let mut inputs: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(3);
        for name in &manifest.inputs {
            let values: Vec<i64> = match name.as_str() {
                "input_ids" => window.ids.iter().map(|id| i64::from(*id)).collect(),
                "attention_mask" => vec![1; tokens],
                _ => vec![0; tokens],
            };
            let tensor = Tensor::from_array(([1, tokens], values)).map_err(failed)?;
            inputs.push((name.as_str(), tensor.into()));
        }
        let outputs = self.session.run(inputs).map_err(failed)?;
        let logits = outputs.get(manifest.output.as_str()).ok_or(Fault::Score)?;
        let (_, logits) = logits.try_extract_tensor::<f32>().map_err(failed)?;
        score(logits, manifest)
    }

    fn fits(&self, title: &str) -> Result<(), Fault> {
        let wrong = |why: String| Fault::Model { pack: title.to_owned(), why };
        let inputs: Vec<&str> = self.session.inputs().iter().map(|input| input.name()).collect();
        if inputs.len() != self.manifest.inputs.len()
            || !self.manifest.inputs.iter().all(|name| inputs.contains(&name.as_str()))
        {
            return Err(wrong(format!("its inputs are {}", inputs.join(", "))));
        }
        let outputs: Vec<&str> =
            self.session.outputs().iter().map(|output| output.name()).collect();
        if !outputs.contains(&self.manifest.output.as_str()) {
            return Err(wrong(format!("its outputs are {}", outputs.join(", "))));
        }
        Ok(())
    }
}

/// One thread each: several sessions run beside each other, and none takes another's core.
fn session(library: &Library, pack: &Pack) -> Result<Session, Fault> {
    let built = || -> ort::Result<Session> {
        let builder = Session::builder(&library.environment)?;
        builder.with_intra_threads(1)?.with_inter_threads(1)?.commit_from_memory(&pack.model)
    };
    built().map_err(|error| Fault::Model { pack: pack.title(), why: error.to_string() })
}

/// The calibrated score of a window.
fn score(logits: &[f32], manifest: &Manifest) -> Result<f32, Fault> {
    let scaled = |logit: &f32| logit / manifest.temperature;
    let positive = logits.get(manifest.positive).map(scaled).ok_or(Fault::Score)?;
    let score = match manifest.activation {
        Activation::Sigmoid => 1.0 / (1.0 + (-positive).exp()),
        Activation::Softmax => {
            let highest = logits.iter().map(scaled).fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = logits.iter().map(|logit| (scaled(logit) - highest).exp()).sum();
            (positive - highest).exp() / sum
        }
    };
    // Any logit that is no number says that the graph went wrong, whatever the others are.
    let sound = logits.iter().all(|logit| logit.is_finite()) && (0.0..=1.0).contains(&score);
    if sound { Ok(score) } else { Err(Fault::Score) }
}
