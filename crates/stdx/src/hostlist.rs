//! Host lists such as `oss[01-20],mgs`: read into names, fold names back.
