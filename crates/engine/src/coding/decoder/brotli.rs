//! Brotli (RFC 7932).

use brotli::{
    BrotliDecompressStream, BrotliResult, BrotliState, HuffmanCode, SliceWrapper,
    enc::StandardAlloc,
};

use super::{DecodeError, Progress};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// What the library takes before it has seen anything, in bytes.
const MEMORY: u64 = 64 * 1024;

pub(super) struct Brotli {
    state: State,
    over: bool,
}

// === impl Brotli ===

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            // Strict: no large windows.
            state: BrotliState::new_strict(alloc(), alloc(), alloc()),
            over: false,
        }
    }

    pub(super) fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, DecodeError> {
        if self.over {
            return match input {
                [] => Ok(Progress::default()),
                _ => Err(DecodeError::Garbage),
            };
        }
        let (mut left, mut taken) = (input.len(), 0);
        let (mut room, mut given) = (out.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            input,
            &mut room,
            &mut given,
            out,
            &mut 0,
            &mut self.state,
        );
        match result {
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultSuccess => self.over = true,
            BrotliResult::ResultFailure => return Err(DecodeError::Invalid),
        }
        Ok(Progress { taken, given })
    }

    /// The window grows with what has come out; the tables are as many as the stream wants, up to
    /// 3.3 MB.
    pub(super) fn memory(&self) -> u64 {
        let state = &self.state;
        let codes = [
            &state.literal_hgroup,
            &state.insert_copy_hgroup,
            &state.distance_hgroup,
        ]
        .map(|group| group.codes.slice().len())
        .into_iter()
        .sum::<usize>();
        let tables = codes * size_of::<HuffmanCode>();
        MEMORY + (state.ringbuffer.slice().len() + tables) as u64
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }
}
