//! Brotli (RFC 7932). What the library has ready is taken from its own memory.

use brotli::enc::{
    StandardAlloc,
    encode::{
        BrotliEncoderOperation::{
            self, BROTLI_OPERATION_EMIT_METADATA, BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH,
            BROTLI_OPERATION_PROCESS,
        },
        BrotliEncoderParameter, BrotliEncoderStateStruct,
    },
};

use super::{Padding, Push};
use crate::compression::level::Effort;

/// More than the longest padding with its header, in bytes.
const METADATA: usize = 512;
const REFUSES: &str = "the library refuses to go on";

pub(super) struct Brotli(BrotliEncoderStateStruct<StandardAlloc>);

// === impl Brotli ===

impl Brotli {
    pub(super) fn new(effort: Effort) -> Self {
        let mut state = BrotliEncoderStateStruct::new(StandardAlloc::default());
        let hint = effort.size.map_or(0, |size| size.min(u32::MAX.into()));
        for (parameter, value) in [
            (
                BrotliEncoderParameter::BROTLI_PARAM_QUALITY,
                effort.level.unsigned_abs(),
            ),
            (
                BrotliEncoderParameter::BROTLI_PARAM_LGWIN,
                effort.window_bits,
            ),
            (
                BrotliEncoderParameter::BROTLI_PARAM_SIZE_HINT,
                u32::try_from(hint).unwrap_or(u32::MAX),
            ),
        ] {
            state.set_parameter(parameter, value);
        }
        Self(state)
    }

    /// Begins with metadata, which nobody sees who decodes it.
    pub(super) fn pad(&mut self, padding: Padding, out: &mut Vec<u8>) -> Result<(), String> {
        if padding == Padding::default() {
            return Ok(());
        }
        // The library gives a block of one byte the length of none.
        let bytes = padding.bytes().max(2);
        // With room for all of it the library is done with it after one call.
        let (mut room, mut given) = ([0; METADATA], 0);
        let (mut left, mut free) = (bytes, METADATA);
        let went = self.0.compress_stream(
            BROTLI_OPERATION_EMIT_METADATA,
            &mut left,
            &[0; METADATA],
            &mut 0,
            &mut free,
            &mut room,
            &mut given,
            &mut None,
            &mut |_, _, _, _| {},
        );
        out.extend_from_slice(&room[..given]);
        match went && left == 0 {
            true => Ok(()),
            false => Err(REFUSES.to_owned()),
        }
    }

    pub(super) fn push(
        &mut self,
        data: &[u8],
        push: Push,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let operation = match push {
            Push::Finish => BROTLI_OPERATION_FINISH,
            Push::Flush => BROTLI_OPERATION_FLUSH,
            Push::Run => BROTLI_OPERATION_PROCESS,
        };
        self.step(data, operation, out)
    }

    fn step(
        &mut self,
        data: &[u8],
        operation: BrotliEncoderOperation,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let (mut left, mut at) = (data.len(), 0);
        loop {
            let went = self.0.compress_stream(
                operation,
                &mut left,
                data,
                &mut at,
                &mut 0,
                &mut [],
                &mut 0,
                &mut None,
                &mut |_, _, _, _| {},
            );
            if !went {
                return Err(REFUSES.to_owned());
            }
            // Nothing is asked for in particular: all that is ready, of a slice that goes on behind it.
            let mut ready = 0;
            let output = self.0.take_output(&mut ready);
            out.extend_from_slice(&output[..ready]);
            let over = match operation {
                BROTLI_OPERATION_FINISH => self.0.is_finished(),
                _ => left == 0 && !self.0.has_more_output(),
            };
            if over {
                return Ok(());
            }
        }
    }
}
