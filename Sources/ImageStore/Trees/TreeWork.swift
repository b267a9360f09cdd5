// SPDX-License-Identifier: Apache-2.0
// Performs an order in an open folder only. The gateway itself or a worker runs it.

import CSandbox
import Glibc

enum TreeWork {
    /// Performs one order.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - order: the operation.
    ///   - folder: the open folder.
    ///   - layers: open files; the caller keeps them.
    ///   - idShift: the offset of owners on the disk; orders and answers have the image's owners.
    /// - Returns: the result.
    static func perform(
        _ order: TreeOrder,
        in folder: Int32,
        layers: [Int32],
        idShift: UInt32? = nil
    ) -> TreeReply {
        do throws(ImageError) {
            switch order {
            case .node, .names, .attributes, .isOpaque, .open: return try read(order, in: folder, idShift)
            case .own(let name, let uid, let gid):
                try own(name, in: folder, uid: uid + (idShift ?? 0), gid: gid + (idShift ?? 0))
                return TreeReply(answer: .done)
            default: return TreeReply(answer: try write(order, in: folder, layers: layers))
            }
        } catch {
            return TreeReply(answer: .failed(error))
        }
    }

    private static func write(
        _ order: TreeOrder,
        in folder: Int32,
        layers: [Int32]
    ) throws(ImageError) -> TreeAnswer {
        switch order {
        case .unpack(let options, let continues):
            let folderAttributes = DeferredFolderAttributes()
            if continues { try folderAttributes.read(folder, options: options) }
            let report = try LayerUnpacker.unpack(
                layers: layers,
                into: folder,
                options: options,
                folderAttributes: folderAttributes,
                hasLowerLayers: continues
            )
            return .unpacked(report)
        case .clone(let from, let to, let options):
            let source = try open(from, in: folder)
            let target = try open(to, in: folder)
            let folderAttributes = DeferredFolderAttributes()
            try TreeClone.fill(
                target.descriptor,
                from: source.descriptor,
                options: options,
                folderAttributes: folderAttributes
            )
            _ = try folderAttributes.apply(to: target.descriptor, options: options)
            return .done
        case .remove(let name):
            let parent = try open(TreePath.parent(name), in: folder)
            try TreeRemoval.remove(Array(TreePath.name(name).utf8), in: parent.descriptor)
            return .done
        case .measure(let name):
            let tree = try open(name, in: folder)
            return .bytes(try TreeMeasure.bytes(tree.descriptor))
        case .measureLive(let name):
            let tree = try open(name, in: folder)
            return .bytes(try LiveMeasure.bytes(tree.descriptor))
        case .compare(let name, let expected):
            let tree = try open(name, in: folder)
            let right = try open(expected, in: folder)
            return .differences(try TreeCompare.differences(tree.descriptor, right.descriptor))
        case .account(let specification):
            return .account(try ContainerUserLookup.find(specification, root: folder))
        default: return .done
        }
    }

    private static func own(_ name: String, in folder: Int32, uid: UInt32, gid: UInt32) throws(ImageError) {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        let file = try opened(csandbox_open_beneath(folder, name, flags, 0), name)
        let descriptor = file.descriptor
        try SystemCall.check("fchown", name) { fchown(descriptor, uid, gid) }
    }

    private static func read(
        _ order: TreeOrder,
        in folder: Int32,
        _ idShift: UInt32?
    ) throws(ImageError) -> TreeReply {
        let reader = try FolderReader(copying: folder, idShift: idShift)
        switch order {
        case .node(let path): return TreeReply(answer: .node(try reader.node(path)))
        case .names(let path): return TreeReply(answer: .names(try reader.names(path)))
        case .attributes(let path): return TreeReply(answer: .attributes(try reader.attributes(path)))
        case .isOpaque(let path): return TreeReply(answer: .flag(try reader.isOpaque(path)))
        case .open(let path): return TreeReply(answer: .file, file: try reader.open(path).take())
        default: return TreeReply(answer: .done)
        }
    }

    private static func open(_ name: String, in folder: Int32) throws(ImageError) -> OpenFile {
        let place = name.isEmpty ? "." : name
        return try opened(csandbox_open_beneath(folder, place, O_RDONLY | O_DIRECTORY, 0), place)
    }

    private static func opened(_ descriptor: Int32, _ name: String) throws(ImageError) -> OpenFile {
        guard descriptor >= 0 else { throw SystemCall.failure("open", name, errorNumber: -descriptor) }
        return OpenFile(owning: descriptor)
    }
}
