//! Ready-made policy sets for the combinations of policies that questions have needed. There are
//! as many as there are distinct answers to "who is concerned", not as many as there are callers.

use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::PolicySet;
use parking_lot::RwLock;

use super::compile::Compiled;

/// A policy set and what its policies read.
#[derive(Debug, Default)]
pub(super) struct Slice {
    pub(super) set: PolicySet,
    pub(super) reads_context: bool,
    pub(super) reads_arguments: bool,
}

impl Slice {
    fn of<'a>(members: impl Iterator<Item = &'a Compiled>) -> Result<Self, String> {
        let mut slice = Self::default();
        for member in members {
            slice.set.add(member.policy.clone()).map_err(|error| error.to_string())?;
            slice.reads_context |= member.reads_context;
            slice.reads_arguments |= member.reads_arguments;
        }
        Ok(slice)
    }
}

/// Slices by the ascending numbers of their policies.
#[derive(Debug)]
pub(super) struct Slices {
    kept: RwLock<HashMap<Box<[u32]>, Arc<Slice>>>,
    limit: usize,
}

impl Slices {
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: RwLock::default(), limit }
    }

    /// The slice of these policies, built outside the lock at its first use.
    pub(super) fn get(&self, members: &[u32], policies: &[Compiled]) -> Result<Arc<Slice>, String> {
        if let Some(slice) = self.kept.read().get(members) {
            return Ok(Arc::clone(slice));
        }
        let named = members.iter().filter_map(|member| policies.get(*member as usize));
        let slice = Arc::new(Slice::of(named)?);
        let mut kept = self.kept.write();
        // Reached only when policies fall into more combinations than the limit: start again.
        if kept.len() >= self.limit {
            kept.clear();
        }
        if self.limit > 0 {
            kept.insert(members.into(), Arc::clone(&slice));
        }
        Ok(slice)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.read().len()
    }
}
