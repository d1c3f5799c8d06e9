//! The thread that redacts, seals and writes.

use std::{fs::File, io::Write as _, path::PathBuf, sync::Arc};

use super::{
    Clip, Queued,
    segment::{self, SEGMENT_BYTES_MAX, SPAN_MS, Segment},
};
use crate::{
    capture::{Settings, Vault},
    ids::now_ms,
    mcp::Json,
};

/// Bytes of one clip; the longest message is shorter by default.
pub(super) const CLIP_BYTES_MAX: usize = 32 << 20;

pub(super) struct Writer {
    folder: PathBuf,
    vault: Arc<Vault>,
    settings: Settings,
    open: Option<Open>,
}

struct Open {
    segment: Segment,
    file: File,
    bytes: u64,
    clips: u64,
}

impl Writer {
    pub(super) fn new(folder: PathBuf, vault: Arc<Vault>, settings: Settings) -> Self {
        Self { folder, vault, settings, open: None }
    }

    /// Writes one clip. `false`: it is lost.
    pub(super) fn write(&mut self, queued: Queued) -> bool {
        let Queued { mut clip, redactor, .. } = queued;
        if let Some(firewall) = redactor {
            let mut content = Json::Object(std::mem::take(&mut clip.content));
            let inspection = firewall.inspect(clip.surface, &mut content);
            match content {
                // What was not read to its end may hold a secret that nobody cut out.
                Json::Object(content) if !inspection.incomplete => clip.content = content,
                _ => return false,
            }
        }
        match self.append(&clip) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "Captured content could not be written.");
                // Part of it may stand there; what follows begins anew.
                self.open = None;
                false
            }
        }
    }

    fn append(&mut self, clip: &Clip) -> std::io::Result<()> {
        let now = now_ms();
        // A quarter of the room at most, so that making room never takes the open one.
        let room = SEGMENT_BYTES_MAX.min((u64::from(self.settings.content_mb) << 20) / 4);
        let full = |open: &Open| open.bytes >= room || now - open.segment.began >= SPAN_MS;
        if self.open.as_ref().is_none_or(full) {
            let data = self.folder.parent().unwrap_or(&self.folder);
            segment::prune(data, self.settings, now)?;
            let (segment, file) = segment::create(&self.folder, now)?;
            self.open = Some(Open { segment, file, bytes: 0, clips: 0 });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let context = context(&open.segment, open.clips);
        let sealed = self.vault.seal(&context, clip.to_bytes());
        let sealed = sealed.map_err(|_| std::io::Error::other("no random bytes"))?;
        let length = u32::try_from(sealed.len()).ok().filter(|_| sealed.len() <= CLIP_BYTES_MAX);
        let length = length.ok_or_else(|| std::io::Error::other("it is too long"))?;
        let mut record = length.to_be_bytes().to_vec();
        record.extend_from_slice(&sealed);
        open.file.write_all(&record)?;
        open.bytes += record.len() as u64;
        open.clips += 1;
        Ok(())
    }
}

/// Binds a clip to its place: one that was moved does not open.
pub(super) fn context(segment: &Segment, index: u64) -> String {
    format!("bartizan capture v1 {} {index}", segment.name)
}
