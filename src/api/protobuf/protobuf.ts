/** The protobuf form of the API, both ways. Content type `application/vnd.kubernetes.protobuf`. */
export { decodeProtobuf, protobufMagic } from "./decode.ts";
export { encodeProtobuf } from "./encode.ts";
