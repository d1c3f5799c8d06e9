//! A model that runs: texts in, scores of their windows out.

use std::ops::Range;

use ort::{
    session::{Session, SessionInputValue},
    value::Tensor,
};
use tokenizers::Tokenizer;

use super::{
    Fault, Library, Pack,
    pack::{Activation, Manifest, Thresholds},
    window::windows,
};

/// Bytes of one text. A longer one is not scored, and so not let through.
pub const TEXT_BYTES_MAX: usize = 4 << 20;
/// Windows that run at once; bounds the memory that a long text takes.
const BATCH_MAX: usize = 8;

/// A loaded model. One thread runs it at a time.
#[derive(Debug)]
pub struct Model {
    manifest: Manifest,
    tokenizer: Tokenizer,
    /// What stands before the tokens of a text, and behind.
    around: (Vec<u32>, Vec<u32>),
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
        let title = pack.title();
        let unreadable = |error: tokenizers::Error| Fault::Tokenizer {
            pack: title.clone(),
            why: error.to_string(),
        };
        let mut tokenizer = Tokenizer::from_bytes(&pack.tokenizer).map_err(unreadable)?;
        // Some packs bake both in; windows are ours to cut.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(unreadable)?;
        let special = tokenizer.encode_fast("", true).map_err(unreadable)?;
        let (before, behind) = special.get_ids().split_at(special.len().min(1));
        let around = (before.to_vec(), behind.to_vec());
        let session = session(library, pack)
            .map_err(|error| Fault::Model { pack: title.clone(), why: error.to_string() })?;
        let mut model = Self { manifest: pack.manifest.clone(), tokenizer, around, session };
        model.fits(&title)?;
        let last = model.tokenizer.get_vocab_size(true).saturating_sub(1);
        let window = vec![u32::try_from(last).unwrap_or(u32::MAX); model.size()];
        run(&mut model.session, &model.manifest, &model.around, &[&window])?;
        Ok(model)
    }

    /// Scores each window of a text, in their order.
    ///
    /// # Errors
    /// [`Fault::TooLong`], and whatever the tokenizer or the graph fails with.
    pub fn score(&mut self, text: &str) -> Result<Vec<Scored>, Fault> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(Fault::TooLong { bytes: text.len(), limit: TEXT_BYTES_MAX });
        }
        let encoding = self.tokenizer.encode(text, false).map_err(|error| Fault::Tokenizer {
            pack: self.manifest.name.clone(),
            why: error.to_string(),
        })?;
        let (ids, offsets) = (encoding.get_ids(), encoding.get_offsets());
        let windows = windows(ids.len(), self.size(), self.manifest.overlap);
        let mut scored = Vec::with_capacity(windows.len());
        for batch in windows.chunks(BATCH_MAX) {
            let rows: Vec<&[u32]> = batch.iter().map(|window| &ids[window.clone()]).collect();
            let scores = run(&mut self.session, &self.manifest, &self.around, &rows)?;
            let spans = batch.iter().map(|window| span(&offsets[window.clone()], text.len()));
            scored.extend(spans.zip(scores).map(|(span, score)| Scored { span, score }));
        }
        Ok(scored)
    }

    /// Tokens of a text in one window, the special ones left out.
    fn size(&self) -> usize {
        let special = self.around.0.len() + self.around.1.len();
        self.manifest.window.saturating_sub(special).max(1)
    }

    /// From which score on something is done about a text.
    pub fn thresholds(&self) -> Thresholds {
        self.manifest.thresholds
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
fn session(library: &Library, pack: &Pack) -> ort::Result<Session> {
    let builder = Session::builder(&library.environment)?;
    builder.with_intra_threads(1)?.with_inter_threads(1)?.commit_from_memory(&pack.model)
}

/// What the window covers. A token without a place (a text of no known character) covers nothing.
fn span(offsets: &[(usize, usize)], bytes: usize) -> Range<usize> {
    let start = offsets.iter().map(|(start, _)| *start).min().unwrap_or(0);
    let end = offsets.iter().map(|(_, end)| *end).max().unwrap_or(bytes);
    start..end.max(start)
}

fn run(
    session: &mut Session,
    manifest: &Manifest,
    (before, behind): &(Vec<u32>, Vec<u32>),
    rows: &[&[u32]],
) -> Result<Vec<f32>, Fault> {
    let failed =
        |error: ort::Error| Fault::Model { pack: manifest.name.clone(), why: error.to_string() };
    let special = before.len() + behind.len();
    let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0) + special;
    let mut ids = Vec::with_capacity(rows.len() * longest);
    let mut mask = Vec::with_capacity(rows.len() * longest);
    for row in rows {
        let end = ids.len() + longest;
        ids.extend(before.iter().chain(*row).chain(behind).map(|id| i64::from(*id)));
        mask.resize(ids.len(), 1_i64);
        ids.resize(end, 0);
        mask.resize(end, 0);
    }
    let mut inputs: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(manifest.inputs.len());
    for name in &manifest.inputs {
        let data = match name.as_str() {
            "input_ids" => ids.clone(),
            "attention_mask" => mask.clone(),
            _ => vec![0; ids.len()],
        };
        let tensor = Tensor::from_array(([rows.len(), longest], data)).map_err(failed)?;
        inputs.push((name.as_str(), tensor.into()));
    }
    let outputs = session.run(inputs).map_err(failed)?;
    let logits = outputs.get(manifest.output.as_str()).ok_or(Fault::Score)?;
    let (_, logits) = logits.try_extract_tensor::<f32>().map_err(failed)?;
    if rows.is_empty() || logits.is_empty() || logits.len() % rows.len() != 0 {
        return Err(Fault::Score);
    }
    logits.chunks(logits.len() / rows.len()).map(|row| score(row, manifest)).collect()
}

/// The calibrated score of one row of logits.
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
