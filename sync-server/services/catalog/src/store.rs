//! The catalog in SQL: what is written, and what is read.

pub mod changes;
pub mod covers;
pub mod page;
pub mod plays;
pub mod put;
pub mod read;
pub mod views;

mod artists;
mod releases;
mod rows;
mod settle;
pub mod words;
