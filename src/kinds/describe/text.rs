//! Text with tabs between cells and levels of indentation: kubectl's PrefixWriter over a tabwriter. Knows no object.

use std::fmt::{Display, Write};

use crate::apimachinery::tabwriter::TabWriter;

/// A description being written.
#[derive(Default)]
pub struct Text {
    done: String,
    /// Not aligned yet.
    pending: String,
    /// Levels that everything is indented by besides its own.
    base: usize,
}

impl Text {
    /// Writes at a level of indentation, two blanks each; breaks no line.
    pub fn put(&mut self, level: usize, text: impl Display) {
        let pad = (self.base + level) * 2;
        // Writing to a String cannot fail.
        let _ = write!(self.pending, "{:pad$}{text}", "");
    }

    /// Writes a line.
    pub fn line(&mut self, level: usize, text: impl Display) {
        self.put(level, format_args!("{text}\n"));
    }

    /// Writes `Name:` and, in the next cell, a value.
    pub fn field(&mut self, level: usize, name: impl Display, value: impl Display) {
        self.put(level, format_args!("{name}:\t{value}\n"));
    }

    /// Writes with everything indented by more levels.
    pub fn nested(&mut self, levels: usize, write: impl FnOnce(&mut Text)) {
        self.base += levels;
        write(self);
        self.base -= levels;
    }

    /// Ends the columns: what follows is aligned by itself.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            let mut writer = TabWriter::new(0, 2);
            let ends_line = self.pending.ends_with('\n');
            writer.write(&std::mem::take(&mut self.pending));
            let aligned = writer.flush();
            self.done.push_str(if ends_line { &aligned } else { aligned.trim_end_matches('\n') });
        }
    }

    /// The text in aligned columns.
    pub fn finish(mut self) -> String {
        self.flush();
        self.done
    }

    /// The text with its tabs.
    pub fn raw(self) -> String {
        self.pending
    }
}
