//! The layers around all routes.
