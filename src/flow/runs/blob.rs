//! Digests as the store keeps them: little-endian, one after the other.

use crate::{
    flow::{
        reading::{Naming, Reading},
        run::Run,
    },
    store::taint::TaintRow,
};

/// Marks a destination as the agent's own.
const OWN: u8 = 0x10;

/// Each token in eight bytes, and how it is named in one.
pub(super) fn tokens(reading: &Reading, known: &Run) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(reading.tokens.len() * 9);
    for (token, naming) in &reading.tokens {
        let own = known.tokens.get(token).is_some_and(|seen| seen.own);
        bytes.extend_from_slice(&token.to_le_bytes());
        bytes.push(*naming as u8 | if own { OWN } else { 0 });
    }
    bytes
}

pub(super) fn prints(reading: &Reading) -> Vec<u8> {
    reading.prints.iter().flat_map(|print| print.to_le_bytes()).collect()
}

/// Each passage after the number of its words.
pub(super) fn orders(reading: &Reading) -> Vec<u8> {
    let mut bytes = Vec::new();
    for words in &reading.orders {
        bytes.extend_from_slice(&(words.len() as u64).to_le_bytes());
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }
    bytes
}

/// What was written, and the tokens among it that are the agent's own; `None` if it is damaged.
pub(super) fn reading(row: &TaintRow, over: bool) -> Option<(Reading, Vec<u64>)> {
    let mut reading = Reading { over, ..Reading::default() };
    let mut own = Vec::new();
    if !row.tokens.len().is_multiple_of(9) {
        return None;
    }
    for chunk in row.tokens.chunks_exact(9) {
        let (token, naming) = chunk.split_at(8);
        let (token, flags) = (number(token)?, *naming.first()?);
        let naming = match flags & !OWN {
            1 => Naming::Listed,
            2 => Naming::Mentioned,
            3 => Naming::Ordered,
            4 => Naming::Secret,
            _ => return None,
        };
        if flags & OWN != 0 {
            own.push(token);
        }
        reading.tokens.push((token, naming));
    }
    reading.prints = numbers(&row.prints)?;
    let mut rest = numbers(&row.orders)?.into_iter();
    while let Some(count) = rest.next() {
        let count = usize::try_from(count).ok()?;
        let words: Vec<u64> = rest.by_ref().take(count).collect();
        if words.len() != count {
            return None;
        }
        reading.orders.push(words);
    }
    Some((reading, own))
}

fn numbers(bytes: &[u8]) -> Option<Vec<u64>> {
    bytes.len().is_multiple_of(8).then(|| bytes.chunks_exact(8).filter_map(number).collect())
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
